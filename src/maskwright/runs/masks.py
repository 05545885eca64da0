"""The masks stage of a run: draw the label maps, or the panoptic maps, of every part of its data."""

from maskwright.evaluation.panoptic.writing import panoptic_writer
from maskwright.evaluation.results.category_ids import of_annotation_file
from maskwright.label_maps.drawing import Drawing, write_image_label_map
from maskwright.label_maps.files import mask_files, write_classes
from maskwright.label_maps.panoptic_drawing import render_panoptic_ids
from maskwright.masks.segment_coding import decode_segments
from maskwright.runs.experiment import Experiment


def masks_stage(experiment: Experiment) -> None:
    """Draw the maps of every part into ``masks/<part>``, with its ``classes.json``.

    Those of a panoptic recipe are ``panoptic/<stem>.png`` beside ``panoptic.json``, COCO's panoptic format, with the
    segment ids of :mod:`maskwright.masks.segment_coding`.
    """
    data, table = experiment.recipe.data, experiment.prepared.table
    drawing = Drawing(table, data.overlap, data.crowd, weights=experiment.prepared.weights)
    for part in experiment.prepared.parts.values():
        folder, images = experiment.masks_folder(part.name), part.selection.images
        files = mask_files([objects.image.file_name for objects in images])
        tracked = experiment.run.reporter.track(images, f"masks of {part.name}")
        if experiment.recipe.task == "panoptic":
            of_file = of_annotation_file(table, part.selection.categories)
            with panoptic_writer(folder, of_file) as write:
                for objects in tracked:
                    found = decode_segments(render_panoptic_ids(objects, drawing))
                    write(objects.image.id, objects.image.file_name, found, files[objects.image.file_name])
            write_classes(folder, of_file)
            continue
        for objects in tracked:
            write_image_label_map(objects, drawing, folder / files[objects.image.file_name])
        write_classes(folder, table)
