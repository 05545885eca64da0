"""Class colours: bright ones first, then each the most different from all before it."""

Color = tuple[int, int, int]

# The first eight are chosen by hand. Each further one is the colour of a grid (sRGB steps of 17; lightness 25 to 92,
# chroma 12 to 105) that is farthest by CIELAB distance from all before it, and from black, white and the two greys of
# ignored pixels: Glasbey, van der Heijden, Toh and Gray, "Colour displays for categorical images", 2007. The table is
# fixed, so that a class has the same colour on every machine; its test computes it.
_COLORS = bytes.fromhex(
    """
    e63c3c 0072dc 3cb44b ffc81e 9632c8 1ec8c8 f58230 f050b4 aaff00 666600 771133 ddee99 ddaaff ee8899 11bbff 774488
    006633 773300 00ff66 cc9966 00ffbb 99bb11 0055ff ff00dd 005588 ff2277 77bb88 ff0000 2233aa bb8811 eeee00 bbccff
    007777 ee77ff 990066 9977ee 99ff88 997799 334422 55cc11 885544 337700 aaaa44 ffccbb cc6644 4400bb 7788cc ffccee
    eeee66 888855 aaeedd 880011 cc4466 ffcc66 6699bb aa0099 553344 dd4400 004455 ee88cc 661188 00ffee 77ddff dd44ff
    334499 aa5577 bb8888 996622 99cc66 ddcc99 9944ff aa55bb ffaa33 3366ee 22cc99 bbaa00 665522 009977 ff7777 77aa99
    ffaa66 aa0000 aa4400 557733 ff0099 8899ff aaee44 aa77bb 009955 9966ff 11dd66 aaeeaa cc0044 bbddee aa4444 557755
    66dd88 ff99ff ff77aa 0088cc 55aa11 aabb77 443366 772255 555577 bb5599 77ff44 ff0033 dd99bb 224400 ff55dd dd8877
    115544 779922 7766bb cc0077 77ffcc 66aaff 00aacc ff0055 554433 7744bb bbaacc cc22cc ff7755 ddcc77 990033 998877
    007799 aabb99 559944 bbdd00 ff5577 bb9944 ff00bb ddeebb 00eeff 998800 77ddbb cc7733 668888 ccee77 885566 ffcc88
    ddcc00 dd66cc 005500 bb3333 aa0055 55ff99 773322 8800cc 77bbcc 2233cc 00dd22 880077 aa6644 663333 446677 ffdd55
    11bb33 ccaa99 5522aa 88dd55 008800 cc7700 ccbbff cc88ee cc4422 ff7700 666644 448855 eeaaaa 4466aa 997744 bb0088
    bb66ee 779966 662277 ddaa22 ee4488 dd1111 ccee55 776699 88ccff ffaa88 bb6666 55bb77 446600 66ff77 888833 664400
    667799 cc4488 44aaaa 99ff66 88aa55 6644ee 004488 bbaa66 995588 cccc55 88aadd bb44cc 445544 ff55ff 444400 0077cc
    77eeee 6677ee 882200 ffbbff 1199cc 6655dd 9988dd 007722 ff5533 775577 5544aa 0099ff 880099 ddbbcc 776677 559922
    883377 bb55ff dd4455 cc77aa 00ccff 993355 ff4400 007755 ff77cc 00dd88 448877 dd6688 224466 cc5500 997711 664422
    ddaadd aa6600 4499aa 44bb99 eeee44 eeddff cccc33 ee8866 99ccaa dd22aa 9988bb ffdddd aa5522 bb99dd
    """
)


def class_color(index: int) -> Color:
    """Return the RGB colour of class ``index`` (from 1); it does not depend on the other classes and repeats after 254.

    Any two of the first 20 colours are at least 35 apart in CIELAB, any two of the first 80 at least 20. A just
    noticeable difference is 2.3.
    """
    start = (index - 1) * 3 % len(_COLORS)
    red, green, blue = _COLORS[start : start + 3]
    return red, green, blue
