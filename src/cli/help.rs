//! Help texts and parsers made from the parameter table, so that the command line cannot disagree with it.

use std::fmt::Display;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::recipe::{Parameter, Preset, Recipe, RecipeError};

/// The parameter's own help, its range, and its default in every preset.
pub fn number<T: Display>(parameter: &Parameter<T>, value: impl Fn(&Recipe) -> String) -> String {
    let Parameter { help, unit, min, max, .. } = parameter;
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    format!("{help} [{min} to {max}{unit}] {}", default(value))
}

/// The usual default, and those of the presets that differ from it.
pub fn default(value: impl Fn(&Recipe) -> String) -> String {
    let usual = value(&Recipe::default());
    let others = Preset::ALL.iter().map(|&preset| (preset, value(&Recipe::from_preset(preset))));
    let exceptions: String =
        others.filter(|(_, other)| *other != usual).map(|(preset, other)| format!("; {other} with {preset}")).collect();
    format!("[default: {usual}{exceptions}]")
}

/// Reads a number and holds it to the parameter's range.
pub fn in_range<T>(
    parameter: &'static Parameter<T>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + Copy + PartialOrd + Display + Send + Sync,
{
    move |text| {
        let unit = if parameter.unit.is_empty() { String::new() } else { format!(" {}", parameter.unit) };
        let value =
            text.parse().map_err(|_| format!("not a number from {} to {}{unit}", parameter.min, parameter.max))?;
        parameter.check(value).map_err(|error| error.to_string())
    }
}

/// Reads one of the alternatives, and lists them all in the long help.
pub fn choice<T>(
    all: &'static [T],
    key: fn(T) -> &'static str,
    help: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = RecipeError> + Copy + Clone + Send + Sync + 'static,
{
    let values = all.iter().map(move |&one| PossibleValue::new(key(one)).help(help(one)));
    PossibleValuesParser::new(values).try_map(|text| text.parse::<T>())
}
