//! Names that every file system takes.

/// Longest name, in characters.
const MAX_CHARS: usize = 60;
/// The same in bytes: with what is added to it, a name fits into the 255 that most file systems allow.
const MAX_BYTES: usize = 200;

/// What no file name may hold on one system or another.
const FORBIDDEN: &str = r#"/\:*?"<>|"#;

/// The text as a file name without extension; `None` where nothing would be left of it.
#[must_use]
pub fn safe_name(text: &str) -> Option<String> {
    let plain: String =
        text.trim().chars().map(|c| if c.is_control() || FORBIDDEN.contains(c) { '-' } else { c }).collect();
    // A dot in front hides the file on Unix; dots and spaces at the end are dropped on Windows.
    let edge = |c: char| c == '.' || c.is_whitespace();
    let short: String = plain.trim_matches(edge).chars().take(MAX_CHARS).collect();
    let name = short[..short.floor_char_boundary(MAX_BYTES)].trim_end_matches(edge);
    if !name.chars().any(char::is_alphanumeric) {
        return None;
    }
    Some(if is_device(name) { format!("{name}-") } else { name.to_owned() })
}

/// Whether Windows takes the name for one of its devices, whatever comes after a dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']));
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_where_every_system_takes_them() {
        for name in ["Misty morning", "v1.2", "Übermalt", "夜", "com10"] {
            assert_eq!(safe_name(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn names_are_mended_where_a_system_would_refuse_them() {
        for (text, name) in [
            ("  a/b\\c:d*e?f  ", "a-b-c-d-e-f"),
            ("../../etc/passwd", "-..-etc-passwd"),
            (".hidden.", "hidden"),
            ("new\nline", "new-line"),
            ("NUL", "NUL-"),
            ("com1.json", "com1.json-"),
        ] {
            assert_eq!(safe_name(text).as_deref(), Some(name), "{text}");
        }
        assert_eq!(safe_name(&"ä".repeat(500)).unwrap().chars().count(), MAX_CHARS);
        for nothing in ["", "  ", "...", "/", "?!"] {
            assert_eq!(safe_name(nothing), None, "{nothing}");
        }
    }
}
