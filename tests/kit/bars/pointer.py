"""A pointer for a compositor that has none, after wlr-virtual-pointer-unstable-v1."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pywayland.client import Display
from pywayland.protocol.wayland import WlSeat
from pywayland.protocol_core.argument import Argument, ArgumentType
from pywayland.protocol_core.interface import Interface
from pywayland.protocol_core.proxy import Proxy

BUTTONS = {"left": 0x110, "middle": 0x112, "right": 0x111}
_INT, _UINT, _FIXED = ArgumentType.Int, ArgumentType.Uint, ArgumentType.Fixed
_PAUSE_SECONDS = 0.1


class ZwlrVirtualPointerV1(Interface):
    """One pointer device; the opcodes are the order of the requests here."""

    name = "zwlr_virtual_pointer_v1"
    version = 1


class _Pointer(Proxy[ZwlrVirtualPointerV1]):
    interface = ZwlrVirtualPointerV1

    @ZwlrVirtualPointerV1.request(Argument(_UINT), Argument(_FIXED), Argument(_FIXED))
    def motion(self, at: int, dx: float, dy: float) -> None:
        self._marshal(0, at, dx, dy)

    @ZwlrVirtualPointerV1.request(*[Argument(_UINT)] * 5)
    def motion_absolute(self, at: int, x: int, y: int, width: int, height: int) -> None:
        self._marshal(1, at, x, y, width, height)

    @ZwlrVirtualPointerV1.request(*[Argument(_UINT)] * 3)
    def button(self, at: int, button: int, state: int) -> None:
        self._marshal(2, at, button, state)

    @ZwlrVirtualPointerV1.request(Argument(_UINT), Argument(_UINT), Argument(_FIXED))
    def axis(self, at: int, axis: int, value: float) -> None:
        self._marshal(3, at, axis, value)

    @ZwlrVirtualPointerV1.request()
    def frame(self) -> None:
        self._marshal(4)


class ZwlrVirtualPointerManagerV1(Interface):
    """The global that makes pointers."""

    name = "zwlr_virtual_pointer_manager_v1"
    version = 1


class _Manager(Proxy[ZwlrVirtualPointerManagerV1]):
    interface = ZwlrVirtualPointerManagerV1

    @ZwlrVirtualPointerManagerV1.request(
        Argument(ArgumentType.Object, interface=WlSeat, nullable=True),
        Argument(ArgumentType.NewId, interface=ZwlrVirtualPointerV1),
    )
    def create_virtual_pointer(self) -> Any:
        return self._marshal_constructor(0, ZwlrVirtualPointerV1, None)


ZwlrVirtualPointerV1._gen_c()
ZwlrVirtualPointerV1.proxy_class = _Pointer
ZwlrVirtualPointerManagerV1._gen_c()
ZwlrVirtualPointerManagerV1.proxy_class = _Manager


class Pointer:
    """Moves and clicks on a compositor whose outputs together have ``size`` pixels."""

    def __init__(self, socket: Path, size: tuple[int, int]) -> None:
        self._size = size
        self._display = Display(str(socket))
        self._display.connect()
        registry = self._display.get_registry()
        found: list[int] = []
        name = ZwlrVirtualPointerManagerV1.name
        registry.dispatcher["global"] = lambda _, number, interface, __: (
            found.append(number) if interface == name else None
        )
        self._display.roundtrip()
        manager: Any = registry.bind(found[0], ZwlrVirtualPointerManagerV1, 1)
        self._device = manager.create_virtual_pointer()
        self._display.roundtrip()
        time.sleep(0.3)  # The clients have to notice that there is a pointer now.

    def move(self, x: int, y: int) -> None:
        """In two steps, so that a surface sees the pointer enter and then move."""
        for step in (x - 1, x):
            self._device.motion_absolute(_now(), step, y, *self._size)
            self._end_of_event()

    def click(self, button: str) -> None:
        for state in (1, 0):
            self._device.button(_now(), BUTTONS[button], state)
            self._end_of_event()

    def disconnect(self) -> None:
        self._display.disconnect()

    def _end_of_event(self) -> None:
        self._device.frame()
        self._display.flush()
        time.sleep(_PAUSE_SECONDS)


def _now() -> int:
    return int(time.monotonic() * 1000) & 0xFFFFFFFF
