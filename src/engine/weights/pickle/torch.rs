//! What PyTorch's names in a pickle stand for: storages, tensors, ordered dictionaries.

use candle_core::DType;

use super::Machine;
use super::values::{Id, Storage, TensorView, Value};

/// Longest name of a storage.
const MAX_KEY_BYTES: usize = 256;

impl Machine<'_> {
    /// What a call gives, for those that a dictionary of tensors needs. Nothing is ever really called.
    pub(super) fn call(&mut self, callable: Id, arguments: Id) -> Option<()> {
        let Value::Global(name) = &self.values[callable] else {
            self.push(Value::Opaque);
            return Some(());
        };
        let Value::Tuple(arguments) = &self.values[arguments] else { return None };
        let value = match name.as_str() {
            "collections.OrderedDict" => Value::Dict(self.pairs(arguments)),
            "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2" => {
                Value::Tensor(Box::new(self.tensor(arguments)?))
            }
            "torch._utils._rebuild_parameter" => {
                let tensor = *arguments.first()?;
                self.stack.push(tensor);
                return Some(());
            }
            _ => Value::Opaque,
        };
        self.push(value);
        Some(())
    }

    /// The `[[key, value], …]` with which Python 2 makes an ordered dictionary; Python 3 makes an empty one.
    fn pairs(&self, arguments: &[Id]) -> Vec<(Id, Id)> {
        let Some(Value::List(items)) = arguments.first().map(|&list| &self.values[list]) else { return vec![] };
        let pair = |&item: &Id| match &self.values[item] {
            Value::List(pair) | Value::Tuple(pair) => {
                <[Id; 2]>::try_from(pair.as_slice()).ok().map(|[key, value]| (key, value))
            }
            _ => None,
        };
        items.iter().filter_map(pair).collect()
    }

    /// `(storage, offset, shape, stride, …)`.
    fn tensor(&self, arguments: &[Id]) -> Option<TensorView> {
        let [storage, offset, shape, stride, ..] = arguments else { return None };
        let Value::Storage(storage) = self.values[*storage] else { return None };
        let Value::Int(offset) = self.values[*offset] else { return None };
        let shape = self.sizes(*shape)?;
        let dense = is_dense(&shape, &self.sizes(*stride)?)?;
        Some(TensorView { storage: self.storages[storage].clone(), offset: offset.try_into().ok()?, shape, dense })
    }

    /// `('storage', class, key, place, count)`; the older format adds a view of a view, which nobody makes, or `None`.
    pub(super) fn storage(&self, reference: Id) -> Option<Storage> {
        let Value::Tuple(parts) = &self.values[reference] else { return None };
        let [_, class, key, _, count, rest @ ..] = parts.as_slice() else { return None };
        let (Value::Global(class), Value::Text(key), Value::Int(count)) =
            (&self.values[*class], &self.values[*key], &self.values[*count])
        else {
            return None;
        };
        if !rest.iter().all(|&part| matches!(self.values[part], Value::Opaque)) {
            return None;
        }
        // Copied for every tensor; torch's own are numbers.
        if key.len() > MAX_KEY_BYTES {
            return None;
        }
        let (dtype, element_bytes) = element(class)?;
        Some(Storage { key: key.clone(), dtype, element_bytes, count: (*count).try_into().ok()? })
    }

    fn sizes(&self, tuple: Id) -> Option<Vec<usize>> {
        let Value::Tuple(sizes) = &self.values[tuple] else { return None };
        let size = |&size: &Id| if let Value::Int(size) = self.values[size] { size.try_into().ok() } else { None };
        sizes.iter().map(size).collect()
    }
}

/// Type and size in bytes of the numbers in a storage of this class.
fn element(class: &str) -> Option<(Option<DType>, u64)> {
    Some(match class.strip_prefix("torch.")?.strip_suffix("Storage")? {
        "Double" => (Some(DType::F64), 8),
        "Float" => (Some(DType::F32), 4),
        "Half" => (Some(DType::F16), 2),
        "BFloat16" => (Some(DType::BF16), 2),
        "Byte" => (Some(DType::U8), 1),
        "Char" | "Bool" => (None, 1),
        "Short" => (None, 2),
        "Int" => (None, 4),
        "Long" | "ComplexFloat" => (None, 8),
        "ComplexDouble" => (None, 16),
        _ => return None,
    })
}

/// Whether `stride` is that of values one after another; `None` if the two do not belong together.
fn is_dense(shape: &[usize], stride: &[usize]) -> Option<bool> {
    if shape.len() != stride.len() {
        return None;
    }
    let mut expected = 1usize;
    let mut dense = true;
    for (&length, &step) in shape.iter().zip(stride).rev() {
        // Along an axis of length one there is no step to take.
        dense &= length == 1 || step == expected;
        expected = expected.checked_mul(length)?;
    }
    Some(dense)
}
