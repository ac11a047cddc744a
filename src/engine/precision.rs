//! How exactly a card multiplies.

use std::sync::OnceLock;

static CHOSEN: OnceLock<Precision> = OnceLock::new();

/// How exactly a card multiplies. The processor always does so in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// Products of numbers rounded to TF32 (ten binary digits of fraction), added up in 32 bits.
    #[default]
    Fast,
    /// 32 bits throughout: the reference.
    Full,
}

impl Precision {
    /// All, for the command line.
    pub const ALL: &'static [Self] = &[Self::Fast, Self::Full];

    /// As it is written on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Full => "full",
        }
    }

    /// For the artist who asks what it means.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Fast => "TF32: ten binary digits in products, 32 bits in sums",
            Self::Full => "32 bits throughout",
        }
    }

    /// The numbers that it computes with, in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "TF32",
            Self::Full => "32 bits",
        }
    }

    /// Reads what [`Precision::key`] writes.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|precision| precision.key() == key)
    }
}

/// Uses `precision`; must come before a card is opened, and counts once.
pub fn choose(precision: Precision) {
    // A second choice would come too late: algorithms are chosen by it.
    let _ = CHOSEN.set(precision);
}

/// The precision in use.
#[must_use]
pub fn chosen() -> Precision {
    *CHOSEN.get_or_init(Precision::default)
}
