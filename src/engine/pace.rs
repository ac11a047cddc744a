//! How quickly a painting gets on.

/// Weight of the newest iteration in the running estimate.
const SMOOTHING: f64 = 0.2;

/// Seconds for one iteration and pixel of work, once measured.
#[derive(Debug, Default)]
pub struct Pace(Option<f64>);

impl Pace {
    /// An iteration over so many pixels took so many seconds.
    pub fn note(&mut self, secs: f64, work_pixels: f64) {
        let newest = secs / work_pixels;
        self.0 = Some(self.0.map_or(newest, |pace| pace + SMOOTHING * (newest - pace)));
    }

    /// Seconds for so many pixels of work.
    #[must_use]
    pub fn secs_for(&self, work_pixels: f64) -> Option<f64> {
        self.0.map(|pace| pace * work_pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_iterations_count_most_and_every_pixel_the_same() {
        let mut pace = Pace::default();
        assert_eq!(pace.secs_for(1.0), None);
        pace.note(2.0, 1000.0);
        assert_eq!(pace.secs_for(4000.0), Some(8.0));
        pace.note(14.0, 2000.0);
        assert!((pace.secs_for(1000.0).unwrap() - 3.0).abs() < 1e-9);
    }
}
