//! Which of cuDNN's algorithms computes a convolution: the quickest that was measured, found once for every shape.

use std::collections::HashMap;

/// An algorithm that was tried on one shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// cuDNN's number of it.
    pub algorithm: i32,
    /// cuDNN's number of the arithmetic that it used.
    pub math: i32,
    /// Whether it ran at all.
    pub works: bool,
    /// Whether it always gives the same result.
    pub deterministic: bool,
    /// Milliseconds that it took.
    pub time_ms: f32,
    /// Bytes that it needs beside input and output.
    pub workspace_bytes: usize,
}

/// The quickest that works within `room_bytes`, does the arithmetic that is `allowed`, and always gives the same result.
pub fn quickest(candidates: &[Candidate], allowed: &[i32], room_bytes: usize) -> Option<Candidate> {
    let fits = |candidate: &&Candidate| {
        candidate.works
            && candidate.deterministic
            && allowed.contains(&candidate.math)
            && candidate.workspace_bytes <= room_bytes
    };
    candidates.iter().filter(fits).min_by(|a, b| a.time_ms.total_cmp(&b.time_ms)).copied()
}

/// Height, width, input channels, output channels.
pub type Shape = (usize, usize, usize, usize);

/// Something that takes long to make, for each shape that came by.
pub struct ByShape<T>(HashMap<Shape, T>);

impl<T> Default for ByShape<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> ByShape<T> {
    /// Shapes that are remembered. A painting has some thirty; those of paintings long gone are not worth their room.
    const MAX: usize = 512;

    /// What was made for this shape, made now if it was not; a failure is not remembered.
    pub fn get_or_make<E>(&mut self, shape: Shape, make: impl FnOnce() -> Result<T, E>) -> Result<&mut T, E> {
        if !self.0.contains_key(&shape) && self.0.len() >= Self::MAX {
            self.0.clear();
        }
        match self.0.entry(shape) {
            std::collections::hash_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::hash_map::Entry::Vacant(entry) => Ok(entry.insert(make()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(algorithm: i32, time_ms: f32) -> Candidate {
        Candidate { algorithm, math: 0, works: true, deterministic: true, time_ms, workspace_bytes: 100 }
    }

    #[test]
    fn the_quickest_that_may_be_used_is_chosen() {
        let candidates = [
            candidate(0, 5.0),
            candidate(1, 2.0),
            Candidate { works: false, ..candidate(2, 0.0) },
            Candidate { deterministic: false, ..candidate(3, 1.0) },
            Candidate { workspace_bytes: 1000, ..candidate(4, 1.0) },
            Candidate { math: 3, ..candidate(5, 1.5) },
        ];
        let chosen = |allowed: &[i32], room| quickest(&candidates, allowed, room).map(|chosen| chosen.algorithm);
        assert_eq!(chosen(&[0], 100), Some(1));
        assert_eq!(chosen(&[0, 3], 100), Some(5));
        assert_eq!(chosen(&[0, 3], 1000), Some(4));
        assert_eq!(chosen(&[3], 1000), Some(5));
        assert_eq!(chosen(&[0], 99), None);
        assert_eq!(quickest(&[], &[0], 1000), None);
    }

    #[test]
    fn every_shape_is_made_once_and_a_failure_is_tried_again() {
        let mut made = ByShape::default();
        assert_eq!(made.get_or_make((1, 2, 3, 4), || Err("busy")), Err("busy"));
        for _ in 0..2 {
            assert_eq!(made.get_or_make((1, 2, 3, 4), || Ok::<_, &str>("first")), Ok(&mut "first"));
            assert_eq!(made.get_or_make((2, 1, 3, 4), || Ok::<_, &str>("second")), Ok(&mut "second"));
            assert_eq!(made.get_or_make((2, 1, 3, 4), || panic!("made twice")), Ok::<_, &str>(&mut "second"));
        }
    }

    #[test]
    fn shapes_do_not_pile_up() {
        let mut made = ByShape::default();
        for width in 0..3 * ByShape::<usize>::MAX {
            *made.get_or_make((1, width, 3, 4), || Ok::<_, ()>(width)).unwrap() += 0;
            assert!(made.0.len() <= ByShape::<usize>::MAX);
        }
    }
}
