//! The part of Python's pickle language that PyTorch writes for a dictionary of tensors.
//!
//! A pickle is a program for a small stack machine. Python's own machine may call any function by name; this one calls
//! nothing. It knows the few constructors that tensors need and keeps every other object as an opaque value.
//!
//! Values live in one list and refer to each other by index, so that a hostile file can neither make copies of copies
//! nor recursion: work and memory grow with the length of the pickle and nothing else.

mod torch;
mod values;

use std::collections::HashMap;

use super::Problem;
use values::{Id, Storage, Unpickled, Value};

pub use values::TensorView;

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
