//! `pentimento info`: what this program is and what it can use here.

use serde::Serialize;
use serde_json::Value;

use super::CliError;
use super::args::InfoArgs;
use super::engine::{DeviceReport, describe_devices};

const WEIGHTS: &str =
    "built-in: VGG-19 by the Visual Geometry Group, University of Oxford (Creative Commons Attribution)";

#[derive(Serialize)]
struct Info {
    version: &'static str,
    devices: DeviceReport,
    weights: &'static str,
    window: bool,
}

/// Prints it, for people or as JSON.
pub fn run(args: &InfoArgs) -> Result<(), CliError> {
    let info = Info {
        version: env!("CARGO_PKG_VERSION"),
        devices: describe_devices(),
        weights: WEIGHTS,
        window: cfg!(feature = "gui"),
    };
    let fail = |error: serde_json::Error| CliError::Failed(format!("the report cannot be written as JSON: {error}"));
    if args.json {
        println!("{}", serde_json::to_string_pretty(&info).map_err(fail)?);
    } else {
        print!("{}", outline(&serde_json::to_value(&info).map_err(fail)?, ""));
    }
    Ok(())
}

/// A JSON object as indented `name: value` lines, so that both forms always tell the same.
fn outline(value: &Value, indent: &str) -> String {
    let Value::Object(fields) = value else { return format!("{indent}{}\n", plain(value)) };
    let line = |(name, value): (&String, &Value)| {
        let name = name.replace('_', " ");
        match value {
            Value::Object(_) => format!("{indent}{name}:\n{}", outline(value, &format!("{indent}  "))),
            _ => format!("{indent}{name}: {}\n", plain(value)),
        }
    };
    fields.iter().map(line).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_the_same_as_programs() {
        let value = serde_json::json!({ "a_b": "x", "inner": { "list": ["p", "q"], "none": null, "yes": true } });
        assert_eq!(outline(&value, ""), "a b: x\ninner:\n  list: p, q\n  none: none\n  yes: yes\n");
    }
}
