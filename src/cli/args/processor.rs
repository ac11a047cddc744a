//! How much of the machine the engine may use: options that every command has.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::engine;
use crate::engine::precision::Precision;
use crate::engine::simd::InstructionSet;

/// Under this the help lists them, in whatever order clap has them otherwise.
pub const HEADING: &str = "The machine";

/// How much of the machine the engine may use.
#[derive(Args)]
pub struct Processor {
    /// Threads that compute [default: one for each core].
    #[arg(long, global = true, help_heading = HEADING, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Memory that a painting may take, in units of 10^9 bytes; a canvas that does not fit is painted in tiles
    /// [default: nine tenths of what is free].
    #[arg(long, global = true, help_heading = HEADING, value_name = "GB", value_parser = gigabytes)]
    memory: Option<f64>,
    #[arg(long, global = true, help_heading = HEADING, value_parser = instruction_set(),
        default_value = InstructionSet::Best.key(), help = "Vector instructions that the engine may use")]
    instruction_set: InstructionSet,
    #[arg(long, global = true, help_heading = HEADING, value_parser = precision(),
        default_value = Precision::Fast.key(), help = "How exactly a CUDA card multiplies")]
    precision: Precision,
}

fn gigabytes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(gigabytes) if gigabytes > 0.0 && f64::is_finite(gigabytes) => Ok(gigabytes),
        _ => Err("not a number above 0".to_owned()),
    }
}

fn instruction_set() -> impl TypedValueParser<Value = InstructionSet> {
    let values = InstructionSet::ALL.iter().map(|set| PossibleValue::new(set.key()).help(set.help()));
    // Nothing but the keys gets past the first parser.
    PossibleValuesParser::new(values).map(|key| InstructionSet::from_key(&key).unwrap_or_default())
}

fn precision() -> impl TypedValueParser<Value = Precision> {
    let values = Precision::ALL.iter().map(|precision| PossibleValue::new(precision.key()).help(precision.help()));
    // As above.
    PossibleValuesParser::new(values).map(|key| Precision::from_key(&key).unwrap_or_default())
}

impl Processor {
    /// Holds the engine to it, before it computes anything.
    pub fn apply(&self) {
        engine::simd::choose(self.instruction_set);
        engine::precision::choose(self.precision);
        if let Some(threads) = self.threads {
            engine::threads::limit(usize::from(threads));
        }
        if let Some(gigabytes) = self.memory {
            engine::limit_memory((gigabytes * 1e9) as u64);
        }
    }
}
