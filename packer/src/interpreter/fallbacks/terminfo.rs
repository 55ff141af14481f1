//! The terminals whose descriptions are packed of an interpreter that has its own `share/terminfo`: common ones,
//! 60 of 2,800.

/// Names; a `*` stands for any ending.
const TERMINALS: &[&str] = &[
    "alacritty*",
    "ansi",
    "dumb",
    "kitty*",
    "linux",
    "screen*",
    "tmux*",
    "vt100",
    "vt220",
    "xterm*",
    "rxvt*",
    "xterm-256color",
    "konsole*",
    "gnome*",
    "vte*",
    "foot*",
];

/// Whether a terminal's description is packed, by the name of its file.
pub(in crate::interpreter) fn is_wanted(name: &str) -> bool {
    TERMINALS.iter().any(|known| {
        known
            .strip_suffix('*')
            .map_or(name == *known, |start| name.starts_with(start))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn common_ones_are_packed() {
        for name in [
            "xterm-256color",
            "screen.xterm-256color",
            "linux",
            "tmux-256color",
            "vt100",
        ] {
            assert!(super::is_wanted(name), "{name}");
        }
        for name in ["adm3a", "wyse60", "linux-c", "vt100-w", "ansi77"] {
            assert!(!super::is_wanted(name), "{name}");
        }
    }
}
