//! The part of Python's pickle language that PyTorch writes for a dictionary of tensors.
//!
//! A pickle is a program for a small stack machine. Python's own machine may call any function by name; this one calls
//! nothing. It knows the few constructors that tensors need and keeps every other object as an opaque value.
//!
//! Values live in one list and refer to each other by index, so that a hostile file can neither make copies of copies
//! nor recursion: work and memory grow with the length of the pickle and nothing else.

use std::collections::{BTreeMap, HashMap, HashSet};

use candle_core::DType;

use super::Problem;

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
    values: Vec<Value>,
    root: Id,
    /// Every storage that was mentioned, also those that no tensor in the dictionary uses.
    pub storages: Vec<Storage>,
    /// Length of the pickle in bytes.
    pub bytes: usize,
}

type Id = usize;

#[derive(Debug)]
enum Value {
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

/// Runs the pickle at the beginning of `bytes`.
pub fn unpickle(bytes: &[u8]) -> Result<Unpickled, Problem> {
    let mut machine = Machine {
        bytes,
        position: 0,
        values: vec![],
        stack: vec![],
        marks: vec![],
        memo: HashMap::new(),
        storages: vec![],
    };
    machine.run().ok_or_else(|| {
        if machine.position >= bytes.len() {
            "its table of tensors is cut short or longer than any VGG-19's; copy or download the file again".to_owned()
        } else {
            format!(
                "its table of tensors cannot be understood at byte {}; save it with torch.save(model.state_dict(), …)",
                machine.position
            )
        }
    })
}

struct Machine<'a> {
    bytes: &'a [u8],
    position: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    storages: Vec<Storage>,
}

impl Machine<'_> {
    /// `None` where the pickle ends too early or does something that no dictionary of tensors does.
    fn run(&mut self) -> Option<Unpickled> {
        loop {
            let start = self.position;
            let opcode = self.take(1)?[0];
            if opcode == b'.' {
                let root = self.stack.pop()?;
                let (values, storages) = (std::mem::take(&mut self.values), std::mem::take(&mut self.storages));
                return Some(Unpickled { values, root, storages, bytes: self.position });
            }
            if self.execute(opcode).is_none() {
                // Too short is told from too strange by where the reading stopped.
                self.position = if self.position >= self.bytes.len() { self.bytes.len() } else { start };
                return None;
            }
        }
    }

    /// One instruction. The letters are those of Python's `pickletools`.
    fn execute(&mut self, opcode: u8) -> Option<()> {
        match opcode {
            // Protocol: all of them share the instructions below.
            0x80 => drop(self.take(1)?),
            b'N' => self.push(Value::Opaque),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => self.push_int(1)?,
            b'M' => self.push_int(2)?,
            b'J' => {
                let value = i32::from_le_bytes(self.take(4)?.try_into().ok()?);
                self.push(Value::Int(value.into()));
            }
            0x8a => {
                let length = self.length(1)?;
                let value = long(self.take(length)?);
                self.push(value);
            }
            b'G' => {
                self.take(8)?;
                self.push(Value::Opaque);
            }
            // Text, and the byte strings that Python 2 wrote for it.
            b'X' | b'T' => self.push_text(4)?,
            b'U' => self.push_text(1)?,
            b'c' => {
                let module = self.line()?;
                let name = self.line()?;
                self.push(Value::Global(format!("{module}.{name}")));
            }
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.push(Value::Tuple(vec![])),
            b']' => self.push(Value::List(vec![])),
            b'}' => self.push(Value::Dict(vec![])),
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items));
            }
            0x85..=0x87 => {
                let items = self.stack.split_off(self.stack.len().checked_sub(usize::from(opcode - 0x84))?);
                self.push(Value::Tuple(items));
            }
            b'a' => {
                let item = self.stack.pop()?;
                self.append([item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b's' => {
                let items = self.stack.split_off(self.stack.len().checked_sub(2)?);
                self.set_items(&items)?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            b'q' => {
                let slot = self.length(1)?;
                self.memorise(slot)?;
            }
            b'r' => {
                let slot = self.length(4)?;
                self.memorise(slot)?;
            }
            b'h' => {
                let slot = self.length(1)?;
                self.recall(slot)?;
            }
            b'j' => {
                let slot = self.length(4)?;
                self.recall(slot)?;
            }
            b'Q' => {
                let reference = self.stack.pop()?;
                let storage = self.storage(reference)?;
                self.storages.push(storage);
                self.push(Value::Storage(self.storages.len() - 1));
            }
            // Call, or make an object of a class; then set its attributes, which tensors do not have.
            b'R' | 0x81 => {
                let (arguments, callable) = (self.stack.pop()?, self.stack.pop()?);
                self.call(callable, arguments)?;
            }
            b'b' => drop(self.stack.pop()?),
            _ => return None,
        }
        Some(())
    }

    /// What a call gives, for those that a dictionary of tensors needs. Nothing is ever really called.
    fn call(&mut self, callable: Id, arguments: Id) -> Option<()> {
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
    fn storage(&self, reference: Id) -> Option<Storage> {
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
        let (dtype, element_bytes) = element(class)?;
        Some(Storage { key: key.clone(), dtype, element_bytes, count: (*count).try_into().ok()? })
    }

    fn sizes(&self, tuple: Id) -> Option<Vec<usize>> {
        let Value::Tuple(sizes) = &self.values[tuple] else { return None };
        let size = |&size: &Id| if let Value::Int(size) = self.values[size] { size.try_into().ok() } else { None };
        sizes.iter().map(size).collect()
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let start = self.position;
        let Some(end) = start.checked_add(count).filter(|&end| end <= self.bytes.len()) else {
            self.position = self.bytes.len();
            return None;
        };
        self.position = end;
        Some(&self.bytes[start..end])
    }

    /// An unsigned number of up to four bytes.
    fn length(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().rev().fold(0, |value, &byte| value << 8 | usize::from(byte)))
    }

    fn line(&mut self) -> Option<String> {
        let length = self.bytes[self.position..].iter().position(|&byte| byte == b'\n');
        let line = String::from_utf8_lossy(self.take(length.unwrap_or(usize::MAX))?).into_owned();
        self.take(1)?;
        Some(line)
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn push_int(&mut self, bytes: usize) -> Option<()> {
        let value = i64::try_from(self.length(bytes)?).ok()?;
        self.push(Value::Int(value));
        Some(())
    }

    fn push_text(&mut self, length_bytes: usize) -> Option<()> {
        let length = self.length(length_bytes)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Value::Text(text));
        Some(())
    }

    fn pop_to_mark(&mut self) -> Option<Vec<Id>> {
        let mark = self.marks.pop()?;
        (mark <= self.stack.len()).then(|| self.stack.split_off(mark))
    }

    fn append(&mut self, items: impl IntoIterator<Item = Id>) -> Option<()> {
        let Value::List(list) = &mut self.values[*self.stack.last()?] else { return None };
        list.extend(items);
        Some(())
    }

    fn set_items(&mut self, items: &[Id]) -> Option<()> {
        let (pairs, []) = items.as_chunks::<2>() else { return None };
        match &mut self.values[*self.stack.last()?] {
            Value::Dict(dict) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            // Entries of some other kind of mapping.
            Value::Opaque => {}
            _ => return None,
        }
        Some(())
    }

    fn memorise(&mut self, slot: usize) -> Option<()> {
        self.memo.insert(slot.try_into().ok()?, *self.stack.last()?);
        Some(())
    }

    fn recall(&mut self, slot: usize) -> Option<()> {
        let value = *self.memo.get(&slot.try_into().ok()?)?;
        self.stack.push(value);
        Some(())
    }
}

/// A little-endian two's complement integer of any length, as far as 64 bits hold it.
fn long(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Opaque;
    }
    let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut value = [fill; 8];
    value[..bytes.len()].copy_from_slice(bytes);
    Value::Int(i64::from_le_bytes(value))
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
