"""The masks stage of a run: draw the label maps of every part of its data."""

from maskwright.label_maps.drawing import Drawing, write_image_label_map
from maskwright.label_maps.files import mask_files, write_classes
from maskwright.runs.experiment import Experiment


def masks_stage(experiment: Experiment) -> None:
    """Draw the label maps of every part into ``masks/<part>``, with its ``classes.json``."""
    data, table = experiment.recipe.data, experiment.prepared.table
    drawing = Drawing(table, data.overlap, data.crowd, weights=experiment.prepared.weights)
    for part in experiment.prepared.parts.values():
        folder, images = experiment.masks_folder(part.name), part.selection.images
        files = mask_files([objects.image.file_name for objects in images])
        for objects in experiment.run.reporter.track(images, f"masks of {part.name}"):
            write_image_label_map(objects, drawing, folder / files[objects.image.file_name])
        write_classes(folder, table)
