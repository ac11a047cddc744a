//! What is different between two recipes, in words.

use super::{Recipe, parameter};

impl Recipe {
    /// What was changed on the way to `later`, one phrase each in the window's words: `Style strength from 0 to 2`.
    #[must_use]
    pub fn changes_to(&self, later: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        macro_rules! numbers {
            ($($field:ident: $parameter:ident),+ $(,)?) => { $(
                if self.$field != later.$field {
                    changes.push(format!("{} from {} to {}", parameter::$parameter.label, self.$field, later.$field));
                }
            )+ };
        }
        macro_rules! choices {
            ($($field:ident),+ $(,)?) => { $(
                if self.$field != later.$field {
                    changes.push(format!("{} instead of {}", later.$field.label(), self.$field.label()));
                }
            )+ };
        }
        macro_rules! others {
            ($($field:ident: $what:literal),+ $(,)?) => { $(
                if self.$field != later.$field {
                    changes.push($what.to_owned());
                }
            )+ };
        }
        choices!(preset);
        others!(content: "Photo", styles: "Styles");
        numbers!(
            style_strength: STYLE_STRENGTH,
            content_strength: CONTENT_STRENGTH,
            drawing: DRAWING,
            tv: TV,
            size: SIZE,
            start_size: START_SIZE,
            iterations: ITERATIONS,
            style_scale: STYLE_SCALE,
            colour_match: COLOUR_MATCH,
            histogram: HISTOGRAM,
            averaging: AVERAGING,
            lbfgs_history: LBFGS_HISTORY,
            adam_step: ADAM_STEP,
            adam_beta1: ADAM_BETA1,
            adam_beta2: ADAM_BETA2,
        );
        choices!(tv_norm, colours, style_curve, style_loss, scales, optimizer, lbfgs_metric, pooling, edges);
        others!(
            photo_mask: "Where the photo stays",
            style_layers: "Style layers",
            content_layers: "Photo layers",
            init: "Start of the canvas",
            seed: "Seed",
        );
        changes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// A value that is as good as `value`, but another.
    fn another(key: &str, value: &Value) -> Value {
        match (key, value) {
            ("preset", _) => "bold".into(),
            ("tv_norm", _) => "l1".into(),
            ("colours", _) => "photo".into(),
            ("style_curve", _) => "equal".into(),
            ("style_loss", _) => "moments".into(),
            ("scales", _) => "single".into(),
            ("optimizer", _) => "adam".into(),
            ("lbfgs_metric", _) => "even".into(),
            ("pooling", _) => "avg".into(),
            ("edges", _) => "zeros".into(),
            ("init", _) => "noise".into(),
            ("content", _) => "sample:lemur".into(),
            ("photo_mask", _) => "mask.png".into(),
            ("styles", _) => Value::Array(vec![]),
            (_, Value::Number(number)) if number.is_f64() => (number.as_f64().unwrap() + 0.5).into(),
            (_, Value::Number(number)) => (number.as_u64().unwrap() + 1).into(),
            (_, Value::Object(_)) => serde_json::json!({ "relu3_2": 1.0 }),
            _ => panic!("{key}: what is another {value}?"),
        }
    }

    #[test]
    fn no_parameter_changes_without_a_word() {
        let before = Recipe::default();
        assert!(before.changes_to(&before).is_empty());
        let Value::Object(fields) = serde_json::to_value(&before).unwrap() else { panic!("a recipe is an object") };
        for (key, value) in &fields {
            let mut changed = fields.clone();
            changed.insert(key.clone(), another(key, value));
            let after: Recipe = serde_json::from_value(Value::Object(changed)).unwrap();
            assert_eq!(before.changes_to(&after).len(), 1, "{key}");
        }
    }

    #[test]
    fn a_number_is_told_with_its_two_values() {
        let before = Recipe::default();
        let after = Recipe { style_strength: 2.0, ..before.clone() };
        assert_eq!(before.changes_to(&after), ["Style strength from 0 to 2"]);
    }
}
