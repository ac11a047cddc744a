//! Numbers and names as the window writes them.

use std::path::Path;

use crate::recipe::{PictureSource, Recipe};
use crate::studio::pasted_name;

/// What is painted, and after what.
#[must_use]
pub fn painting_name(recipe: &Recipe) -> String {
    let photo = picture_name(&recipe.content);
    match recipe.styles.as_slice() {
        [] => photo,
        [style] => format!("{photo} in the style of {}", picture_name(&style.picture)),
        [style, others @ ..] => {
            format!("{photo} in the style of {} and {} more", picture_name(&style.picture), others.len())
        }
    }
}

/// A loss with four significant digits and no jumping width.
#[must_use]
pub fn loss(value: f64) -> String {
    if !value.is_finite() {
        return "not finite".to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-2..1e6).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = if magnitude < 10.0 {
        3
    } else if magnitude < 100.0 {
        2
    } else if magnitude < 1000.0 {
        1
    } else {
        0
    };
    format!("{value:.decimals$}")
}

/// A duration such as `00:42` or `1:05:09`.
#[must_use]
pub fn duration(secs: f64) -> String {
    // An estimate may be absurd at first; beyond four days the digits tell nobody anything.
    let secs = secs.clamp(0.0, 359_999.0).round() as u64;
    let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{secs:02}") } else { format!("{minutes:02}:{secs:02}") }
}

/// Iterations a second, or seconds an iteration where that is the handier number.
#[must_use]
pub fn speed(per_sec: f64) -> String {
    if per_sec >= 10.0 {
        format!("{per_sec:.0} it/s")
    } else if per_sec >= 1.0 {
        format!("{per_sec:.1} it/s")
    } else {
        format!("{:.1} s/it", 1.0 / per_sec)
    }
}

/// A file's name without its folder.
#[must_use]
pub fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A picture's name as the artist knows it.
#[must_use]
pub fn picture_name(source: &PictureSource) -> String {
    match source {
        PictureSource::Sample(name) => {
            crate::image_io::samples::find(name).map_or_else(|| name.clone(), |sample| sample.title.to_owned())
        }
        PictureSource::File(path) => pasted_name(path).map_or_else(|| file_name(path), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_keep_four_digits() {
        let shown: Vec<_> =
            [0.0, 1.23456, 65.4321, 987.654, 43210.9, 1.5e7, 1e-9, f64::NAN].into_iter().map(loss).collect();
        assert_eq!(shown, ["0.000", "1.235", "65.43", "987.7", "43211", "1.500e7", "1.000e-9", "not finite"]);
    }

    #[test]
    fn durations_read_like_a_clock() {
        let shown: Vec<_> = [0.4, 42.0, 61.0, 3909.0, f64::INFINITY].into_iter().map(duration).collect();
        assert_eq!(shown, ["00:00", "00:42", "01:01", "1:05:09", "99:59:59"]);
    }

    #[test]
    fn slow_paintings_are_told_in_seconds() {
        assert_eq!([speed(18.2), speed(1.25), speed(0.2)], ["18 it/s", "1.2 it/s", "5.0 s/it"]);
    }
}
