"""Looking at pixels: colours, and text by character recognition."""

from __future__ import annotations

import subprocess
from collections import Counter
from io import BytesIO

from PIL import Image, ImageOps

Picture = Image.Image
_ENLARGED = 4
_ALIKE = str.maketrans(
    {"_": "", "—": "-", "−": "-", "·": "-", "+": "-", "I": "l", "|": "l", "’": "'"}
)


def picture(data: bytes) -> Picture:
    return Image.open(BytesIO(data)).convert("RGB")


def colours(shown: Picture) -> Counter[str]:
    """How many pixels have each colour."""
    pixels = shown.getcolors(maxcolors=1 << 24) or []
    return Counter({f"#{bytes(colour).hex()}": count for count, colour in pixels})  # type: ignore[arg-type]


def text(shown: Picture) -> str:
    """What a reader reads, as ``bare`` words."""
    grey = shown.convert("L")
    size = (grey.width * _ENLARGED, grey.height * _ENLARGED)
    grey = ImageOps.autocontrast(grey.resize(size, Image.Resampling.LANCZOS))
    histogram = grey.histogram()
    if sum(histogram[:128]) > sum(histogram[128:]):
        grey = ImageOps.invert(grey)
    png = BytesIO()
    ImageOps.expand(grey, 40, fill=grey.getpixel((2, 2))).save(png, "png")  # type: ignore[arg-type]
    read = subprocess.run(
        ["tesseract", "-", "-", "--psm", "6"], input=png.getvalue(), capture_output=True, check=True
    )
    return bare(read.stdout.decode())


def bare(words: str) -> str:
    """Without blanks, and with one form of what a reader of pixels takes for each other."""
    return "".join(words.split()).translate(_ALIKE)


def mixed(own: str, added: str, share: float) -> str:
    """What GTK's ``mix(own, added, share)`` gives."""
    pairs = zip(bytes.fromhex(own[1:]), bytes.fromhex(added[1:]), strict=True)
    return f"#{bytes(round(a + (b - a) * share) for a, b in pairs).hex()}"


def count_near(shown: Picture, colour: str) -> int:
    """How many pixels have this colour, or one that rounding could have made of it."""
    wanted = bytes.fromhex(colour[1:])

    def is_near(other: str) -> bool:
        return all(abs(a - b) <= 2 for a, b in zip(bytes.fromhex(other[1:]), wanted, strict=True))

    return sum(count for other, count in colours(shown).items() if is_near(other))


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2: 1 for the same colour, 21 for black on white."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 255 for part in bytes.fromhex(colour[1:])]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
