//! `pentimento info`: what this program is and what it can use here.

use serde_json::{Map, Value};

use super::args::InfoArgs;
use super::{CliError, print};
use crate::engine::{describe_devices, weights};

/// Prints it, for people or as JSON.
pub fn run(args: &InfoArgs) -> Result<(), CliError> {
    let fail = |error: serde_json::Error| CliError::Failed(format!("the report cannot be written as JSON: {error}"));
    let facts = [
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("devices", serde_json::to_value(describe_devices()).map_err(fail)?),
        ("weights", Value::from(format!("built-in: {}", weights::CREDIT))),
        ("window", Value::from(cfg!(feature = "gui"))),
    ];
    if args.json {
        let object: Map<_, _> = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        return print(&serde_json::to_string_pretty(&object).map_err(fail)?);
    }
    let text: String = facts.iter().map(|(name, value)| field(name, value, "")).collect();
    print(text.trim_end())
}

/// A fact as `name: value`, or as a heading with indented facts under it, so that both forms always tell the same.
fn field(name: &str, value: &Value, indent: &str) -> String {
    let name = name.replace('_', " ");
    match value {
        Value::Object(fields) => {
            let deeper = format!("{indent}  ");
            let inner: String = fields.iter().map(|(name, value)| field(name, value, &deeper)).collect();
            format!("{indent}{name}:\n{inner}")
        }
        _ => format!("{indent}{name}: {}\n", plain(value)),
    }
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
        let value = serde_json::json!({ "a_b": "x", "list": ["p", "q"], "none": null, "yes": true });
        assert_eq!(field("in", &value, ""), "in:\n  a b: x\n  list: p, q\n  none: none\n  yes: yes\n");
    }
}
