//! The instruction set that the kernels use: the machine's best, unless less is asked for.

use std::sync::OnceLock;

use pulp::{Arch, Simd, WithSimd};

static CHOSEN: OnceLock<Arch> = OnceLock::new();

/// How much of the machine's instruction set may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InstructionSet {
    /// The best that the machine has.
    #[default]
    Best,
    /// At most AVX2, on a machine that has AVX-512.
    Avx2,
    /// No vectors at all.
    Scalar,
}

impl InstructionSet {
    /// All, for the command line.
    pub const ALL: &'static [Self] = &[Self::Best, Self::Avx2, Self::Scalar];

    /// As it is written on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Avx2 => "avx2",
            Self::Scalar => "scalar",
        }
    }

    /// For the artist who asks what it means.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Best => "The best that the processor has",
            Self::Avx2 => "AVX2, even where there is AVX-512",
            Self::Scalar => "No vector instructions",
        }
    }

    /// Reads what [`InstructionSet::key`] writes.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|set| set.key() == key)
    }

    /// The kernels' form for this choice; the best that there is where it asks for more than the machine has.
    fn arch(self) -> Arch {
        match self {
            Self::Best => Arch::new(),
            Self::Scalar => Arch::Scalar,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::try_new().map_or_else(Arch::new, Arch::V3),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 => Arch::new(),
        }
    }
}

/// Chooses for the whole run of the program; must come before anything is computed, and counts once.
pub fn choose(set: InstructionSet) {
    // A second choice would meet kernels that are already laid out for the first.
    let _ = CHOSEN.set(set.arch());
}

/// What the kernels are dispatched through.
#[must_use]
pub fn arch() -> Arch {
    *CHOSEN.get_or_init(|| unless_chosen().arch())
}

#[cfg(not(test))]
fn unless_chosen() -> InstructionSet {
    InstructionSet::Best
}

/// Unit tests have no command line: `INSTRUCTION_SET=avx2 cargo test --lib` runs them all as on a lesser machine.
#[cfg(test)]
fn unless_chosen() -> InstructionSet {
    std::env::var("INSTRUCTION_SET").map_or(InstructionSet::Best, |key| InstructionSet::from_key(&key).unwrap())
}

/// The instruction set in use, in plain words.
#[must_use]
pub fn name() -> &'static str {
    struct Lanes;
    impl WithSimd for Lanes {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            S::F32_LANES
        }
    }
    match (arch().dispatch(Lanes), cfg!(target_arch = "aarch64")) {
        (16, _) => "AVX-512",
        (8, _) => "AVX2",
        (4, true) => "NEON",
        _ => "no vector instructions",
    }
}
