"""Waybar configurations as in people's dotfiles: the text of each file, by its name."""

from __future__ import annotations

Files = dict[str, str]

_COMMENTED = """\
// -*- mode: jsonc -*-
{
    // "layer": "top", // Waybar at top layer
    "layer": "top",
    "height": 34, /* px */
    "spacing": 4, // Gaps between modules (4px)
    // Choose the order of the modules
    "modules-left": [
        "sway/workspaces", // 1 2 3
        "sway/mode"
    ],
    "modules-center": ["sway/window"],
    "modules-right": [
        // "mpd",
        "idle_inhibitor",
        "pulseaudio", // volume
        /* "network", */
        "battery",
        "clock",
        "tray" // last
        // , "custom/power"
    ],
    "clock": {
        "tooltip-format": "<big>{:%Y %B}</big>\\n<tt><small>{calendar}</small></tt>",
        "format-alt": "{:%Y-%m-%d}" // alt
    },
    "custom/media": {
        "format": "{icon} {}",
        "exec": "curl -s https://example.org/a//b 2> /dev/null" // "modules-right": ["no"]
    },
    "tray": { "spacing": 10, },
}
"""

_SEVERAL = """\
[
  {
    "name": "top",
    "output": ["eDP-1", "DP-1"],
    "position": "top",
    "modules-left": ["hyprland/workspaces"],
    "modules-right": ["cpu", "memory", "clock"],
  },
  // the one below
  {
    "name": "bottom",
    "output": "eDP-1",
    "position": "bottom",
    "modules-center": [ "wlr/taskbar" ]
  },
  { "name": "side", "position": "left", "modules-right": [] }
]
"""

_MODULES = """\
{
    // shared by both bars
    "modules-left": ["river/tags"],
    "modules-right": [
        "network",
        "clock"
    ],
    "clock": {"format": "{:%H:%M}"}
}
"""

_GROUPS = """\
{
\t"position": "top",
\t"modules-left": ["group/hardware"],
\t"modules-right": [ "group/power", "clock" ],
\t"group/hardware": {
\t\t"orientation": "inherit",
\t\t"drawer": { "transition-duration": 500 },
\t\t"modules": [ "cpu", "memory" ]
\t},
\t"group/power": { "modules": ["custom/quit", "custom/lock",], },
\t"custom/quit": { "format": "󰗼", "on-click": "swaymsg exit" }
}
"""

CONFIGURATIONS: dict[str, Files] = {
    "comments everywhere": {"config": _COMMENTED, "style.css": "/* mine */\n* { color: red; }\n"},
    "several bars": {"config": _SEVERAL, "style.css": "window { color: #fff }"},
    "lists in an included file": {
        "config": '{\n  "include": ["~/.config/waybar/modules.jsonc"],\n  "layer": "top"\n}\n',
        "modules.jsonc": _MODULES,
        "style.css": "",
    },
    "one include as a string": {
        "config.jsonc": '{"include": "$HOME/.config/waybar/modules.jsonc", "height": 20}',
        "modules.jsonc": _MODULES,
        "style.css": "@import url('colours.css');\n",
        "colours.css": "@define-color a #fff;\n",
    },
    "two bars that include the same": {
        "config": '[\n  {"output": "A", "include": "modules.jsonc"},\n'
        '  {"output": "B", "include": ["modules.jsonc", "missing.jsonc"], // two\n  },\n]\n',
        "modules.jsonc": _MODULES,
        "style.css": "a{}",
    },
    "an include that includes": {
        "config": '{ "include": [ "~/.config/waybar/a.jsonc" ] }',
        "a.jsonc": '{"include": ["~/.config/waybar/modules.jsonc", "~/.config/waybar/a.jsonc"]}',
        "modules.jsonc": _MODULES,
        "style.css": "a{}\n",
    },
    "groups and tabs": {"config": _GROUPS, "style.css": "#clock\t{ padding: 0 }\n"},
    "windows line ends": {
        "config": _COMMENTED.replace("\n", "\r\n"), "style.css": "* {\r\n}\r\n",
    },
    "a byte order mark": {"config": f"\ufeff{_SEVERAL}", "style.css": "\ufeff* { }\n"},
    "minified": {
        "config": '{"layer":"top","modules-left":["a","b"],"modules-right":["cpu","clock"]}',
        "style.css": "*{color:red}",
    },
    "no list on the right": {
        "config": '{\n    "modules-left": ["sway/mode"], // here\n    "modules-center": []\n}\n',
        "style.css": "\n\n",
    },
    "an empty list, written wide": {
        "config": '{\n    "modules-right": [\n    ],\n    "include": []\n}',
        "style.css": "* {}",
    },
    "an empty bar": {"config": "{}", "style.css": "* {}"},
    "signs and escapes": {
        "config": '{ "modules-right": [ "custom/ünïcode☾", "custom/\\u0022//" ],\n'
        '  "custom/ünïcode☾": { "format": "\\x1b \ue0b0 /* no comment */ // nor this" } }\n',
        "style.css": '* { font-family: "Ubuntu Nerd Font", "文泉驛"; }',
    },
    "commas first": {
        "config": '{ "layer": "top"\n, "modules-right":\n  [ "cpu"\n  , "clock"\n  ]\n}\n',
        "style.css": "* {}\n",
    },
    "comments in odd places": {
        "config": '/* a */ { /* b\n */ "modules-right" : /* d */ [ /* e\n*/ "cpu" /* f */ , // g\n'
        '  "clock" /* h */ /* i */ ] // j\n} // k\n/* l */',
        "style.css": "* {}\n",
    },
    "a name twice": {
        "config": '{"modules-right": ["old"], "modules-right": ["cpu"]}\n', "style.css": "* {}\n",
    },
}  # fmt: skip
