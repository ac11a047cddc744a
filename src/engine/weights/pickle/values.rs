//! What a pickle is made of, and what can be asked of it once it was run.

use std::collections::{BTreeMap, HashSet};

use candle_core::DType;

/// A run of numbers, of which tensors are views.
#[derive(Debug, Clone, PartialEq)]
pub struct Storage {
    /// The name by which the file refers to it.
    pub key: String,
    /// Type of the numbers; `None` for one that weights are not stored in.
    pub dtype: Option<DType>,
    /// Bytes of one number.
    pub element_bytes: u64,
    /// How many numbers.
    pub count: u64,
}

/// A view of a storage.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorView {
    /// The storage.
    pub storage: Storage,
    /// Where the tensor begins in it, in elements.
    pub offset: u64,
    /// Length along each axis.
    pub shape: Vec<usize>,
    /// Whether the values follow one another, the last axis fastest.
    pub dense: bool,
}

/// What a pickle left behind.
#[derive(Debug)]
pub struct Unpickled {
    pub(super) values: Vec<Value>,
    /// The one that was left on the stack.
    pub(super) root: Id,
    /// Every storage that was mentioned, also those that no tensor in the dictionary uses.
    pub storages: Vec<Storage>,
    /// Length of the pickle in bytes.
    pub bytes: usize,
}

/// Index of a value.
pub type Id = usize;

/// What the machine works with.
#[derive(Debug)]
pub enum Value {
    /// Something that weights have no use for.
    Opaque,
    Bool(bool),
    Int(i64),
    Text(String),
    /// `module.name` of a Python class or function.
    Global(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// Index into the storages.
    Storage(usize),
    Tensor(Box<TensorView>),
}

impl Unpickled {
    /// The tensors by name. Those in a dictionary within the dictionary get its name as a prefix: `state_dict.…`.
    pub fn tensors(&self) -> BTreeMap<String, &TensorView> {
        let mut tensors = BTreeMap::new();
        let mut seen = HashSet::from([self.root]);
        let mut todo = vec![(String::new(), self.root)];
        while let Some((prefix, dict)) = todo.pop() {
            let Value::Dict(items) = &self.values[dict] else { continue };
            for &(key, value) in items {
                let Value::Text(key) = &self.values[key] else { continue };
                match &self.values[value] {
                    Value::Tensor(tensor) => {
                        tensors.insert(format!("{prefix}{key}"), tensor.as_ref());
                    }
                    Value::Dict(_) if seen.insert(value) => todo.push((format!("{prefix}{key}."), value)),
                    _ => {}
                }
            }
        }
        tensors
    }

    /// The texts of a list of texts.
    pub fn texts(&self) -> Option<Vec<&str>> {
        let Value::List(items) = &self.values[self.root] else { return None };
        items
            .iter()
            .map(|&item| if let Value::Text(text) = &self.values[item] { Some(text.as_str()) } else { None })
            .collect()
    }

    /// The truth value under `key` in a dictionary.
    pub fn flag(&self, key: &str) -> Option<bool> {
        let Value::Dict(items) = &self.values[self.root] else { return None };
        items.iter().find_map(|&(name, value)| match (&self.values[name], &self.values[value]) {
            (Value::Text(name), &Value::Bool(flag)) if name == key => Some(flag),
            _ => None,
        })
    }
}
