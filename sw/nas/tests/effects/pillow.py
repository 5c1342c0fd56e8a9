"""Writes pillow.txt: what Pillow makes of two small pictures, effect by effect.

    python pillow.py > pillow.txt

A line is a picture's shape (height, width, channels), an effect with its size, and the pixels in hexadecimal, a row of the picture
a word; `same` is the picture itself. The pictures are noise over a slope, so that no value and no neighbour is like another.
"""

import numpy
import PIL
from PIL import Image, ImageEnhance, ImageOps

SHAPES = [(10, 14, 3), (9, 9, 1)]
# With enough pixels for a histogram.
LARGE = (40, 28, 1)


def picture(shape):
    noise = numpy.random.default_rng(5).integers(0, 90, shape)
    slope = numpy.arange(shape[1])[None, :, None] * 6 + numpy.arange(shape[0])[:, None, None] * 5
    pixels = (noise + slope + 20).clip(0, 230).astype(numpy.uint8)
    return Image.fromarray(pixels.squeeze(2) if shape[2] == 1 else pixels)


def affine(image, *matrix):
    return image.transform(image.size, Image.Transform.AFFINE, matrix, resample=Image.Resampling.NEAREST)


EFFECTS = {
    "ShearY": ([0.3, -0.2], lambda image, by: affine(image, 1, 0, 0, by, 1, 0)),
    "TranslateX": ([3, -5], lambda image, by: affine(image, 1, 0, -by, 0, 1, 0)),
    "TranslateY": ([2, -4], lambda image, by: affine(image, 1, 0, 0, 0, 1, -by)),
    "Rotate": ([6.666666666666667, -30], lambda image, by: image.rotate(by)),
    "Color": ([0.1, 1.9], lambda image, by: ImageEnhance.Color(image).enhance(by)),
    "Contrast": ([0.3, 1.6], lambda image, by: ImageEnhance.Contrast(image).enhance(by)),
    "Brightness": ([0.4, 1.7], lambda image, by: ImageEnhance.Brightness(image).enhance(by)),
    "Sharpness": ([0.1, 1.9], lambda image, by: ImageEnhance.Sharpness(image).enhance(by)),
    "Posterize": ([5, 8], ImageOps.posterize),
    "Solarize": ([113, 255], ImageOps.solarize),
    "Invert": ([0], lambda image, _: ImageOps.invert(image)),
    "AutoContrast": ([0], lambda image, _: ImageOps.autocontrast(image)),
    "Equalize": ([0], lambda image, _: ImageOps.equalize(image)),
    "same": ([0], lambda image, _: image),
}

print(f"# Pillow {PIL.__version__}; written by pillow.py.")
for shape in [*SHAPES, LARGE]:
    names = ["Equalize", "same"] if shape == LARGE else EFFECTS
    for name in names:
        sizes, effect = EFFECTS[name]
        for size in sizes:
            rows = numpy.asarray(effect(picture(shape), size)).reshape(shape[0], -1)
            print(*shape, name, size, *(row.tobytes().hex() for row in rows))
