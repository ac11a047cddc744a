//! How quickly a painting gets on.

/// For how long an iteration counts, in seconds: long enough that the time left does not waver, short enough to follow a
/// machine that has something else to do.
const MEMORY_SECS: f64 = 15.0;
/// However long they take, this many iterations count.
const MEMORY_ITERATIONS: f64 = 4.0;

/// What an evaluation takes besides its pixels, in pixels: whatever the canvas, all kernels come from memory. Between what fits
/// an AVX2 and an AVX-512 processor (seconds at 128 to 512 pixels: 7000 and 3500).
const FIXED_PIXELS: f64 = 5000.0;

/// Evaluations of the loss for an iteration that is still to come: now and then one is not enough.
pub const EVALUATIONS_PER_ITERATION: f64 = 1.06;

/// The work of one evaluation over so many pixels.
#[must_use]
pub fn work(pixels: f64) -> f64 {
    pixels + FIXED_PIXELS
}

/// Seconds for the work of an evaluation, once measured: the work of the last while over the time that it took, older
/// iterations counting less and less.
#[derive(Debug, Default)]
pub struct Pace {
    secs: f64,
    work: f64,
}

impl Pace {
    /// So much work took so many seconds.
    pub fn note(&mut self, secs: f64, work: f64) {
        let fades = (-(secs / MEMORY_SECS).min(1.0 / MEMORY_ITERATIONS)).exp();
        self.secs = fades * self.secs + secs;
        self.work = fades * self.work + work;
    }

    /// Seconds for so much work.
    #[must_use]
    pub fn secs_for(&self, work: f64) -> Option<f64> {
        (self.work > 0.0).then(|| self.secs / self.work * work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many iterations, each of so many seconds for 1000 of work.
    fn paint(pace: &mut Pace, iterations: u32, secs: f64) {
        (0..iterations).for_each(|_| pace.note(secs, 1000.0));
    }

    #[test]
    fn time_is_in_proportion_to_work() {
        let mut pace = Pace::default();
        assert_eq!(pace.secs_for(1.0), None);
        pace.note(2.0, 1000.0);
        assert!((pace.secs_for(4000.0).unwrap() - 8.0).abs() < 1e-9);
    }

    #[test]
    fn one_slow_iteration_among_many_hardly_counts() {
        let mut pace = Pace::default();
        paint(&mut pace, 200, 0.1);
        paint(&mut pace, 1, 0.3);
        let secs = pace.secs_for(1000.0).unwrap();
        assert!((0.1..0.105).contains(&secs), "{secs}");
    }

    #[test]
    fn what_has_changed_for_good_is_followed_however_long_iterations_take() {
        for secs in [0.05, 1.0, 60.0] {
            let mut pace = Pace::default();
            paint(&mut pace, 1000, secs);
            // A minute and a half, or twenty iterations.
            paint(&mut pace, (90.0 / (2.0 * secs)).max(20.0) as u32, 2.0 * secs);
            let now = pace.secs_for(1000.0).unwrap() / secs;
            assert!((1.9..=2.0).contains(&now), "{secs}: {now}");
        }
    }
}
