// COCO's compressed run lengths: the runs of a mask by columns, background first, each as a number of 5-bit groups
// with the difference to the run two before (from the third run on).

export function runsOf(counts) {
  const runs = [];
  let place = 0;
  while (place < counts.length) {
    let value = 0;
    let shift = 0;
    let more = true;
    while (more) {
      const code = counts.charCodeAt(place++) - 48;
      value += (code & 31) * 2 ** shift;
      more = (code & 32) !== 0;
      shift += 5;
      if (!more && code & 16) value -= 2 ** shift;
    }
    if (runs.length > 2) value += runs[runs.length - 2];
    runs.push(value);
  }
  return runs;
}

// Whether the pixel at x, y belongs to the mask.
export function covers(mask, x, y) {
  const position = x * mask.size[0] + y;
  let start = 0;
  for (let i = 0; i < mask.runs.length; i++) {
    start += mask.runs[i];
    if (position < start) return i % 2 === 1;
  }
  return false;
}

// Call fill(x, top, bottom) for each piece of a column that belongs to the mask.
export function eachPiece(mask, fill) {
  const height = mask.size[0];
  let start = 0;
  mask.runs.forEach((run, i) => {
    const end = start + run;
    if (i % 2 === 1) {
      for (let at = start; at < end; ) {
        const x = Math.floor(at / height);
        const stop = Math.min(end, (x + 1) * height);
        fill(x, at - x * height, stop - x * height);
        at = stop;
      }
    }
    start = end;
  });
}

// Blend the masks over the pixels of an RGBA image, largest first so that small ones stay visible.
export function paint(pixels, width, layers, opacity) {
  for (const { mask, color, outlined, strong } of layers) {
    const weight = strong ? Math.min(1, opacity + 0.3) : opacity;
    if (outlined) {
      outline(pixels, width, mask, color);
      continue;
    }
    eachPiece(mask, (x, top, bottom) => {
      for (let y = top; y < bottom; y++) blend(pixels, 4 * (y * width + x), color, weight);
    });
    if (strong) outline(pixels, width, mask, color);
  }
}

function blend(pixels, at, color, weight) {
  for (let c = 0; c < 3; c++) pixels[at + c] = Math.round(pixels[at + c] * (1 - weight) + color[c] * weight);
}

function outline(pixels, width, mask, color) {
  const height = mask.size[0];
  const inside = new Uint8Array(width * height);
  eachPiece(mask, (x, top, bottom) => {
    for (let y = top; y < bottom; y++) inside[y * width + x] = 1;
  });
  const has = (x, y) => x >= 0 && y >= 0 && x < width && y < height && inside[y * width + x];
  const thick = Math.max(1, Math.round(Math.min(width, height) / 300));
  eachPiece(mask, (x, top, bottom) => {
    for (let y = top; y < bottom; y++) {
      if (has(x - thick, y) && has(x + thick, y) && has(x, y - thick) && has(x, y + thick)) continue;
      blend(pixels, 4 * (y * width + x), color, 1);
    }
  });
}
