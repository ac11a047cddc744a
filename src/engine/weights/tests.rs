//! Weights from files of every kind, and what is said of files that cannot be used.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::TempDir;

use super::super::test_support::Noise;
use super::super::vgg::LAYERS;
use super::pickle::unpickle;
use super::tensor_file::TensorFile;
use super::*;

const ZIP: &[u8] = include_bytes!("../../../tests/fixtures/weights/zip.pth");
const LEGACY: &[u8] = include_bytes!("../../../tests/fixtures/weights/legacy.pth");
const ZIP_STRIDED: &[u8] = include_bytes!("../../../tests/fixtures/weights/zip-strided.pth");
const LEGACY_STRIDED: &[u8] = include_bytes!("../../../tests/fixtures/weights/legacy-strided.pth");

/// Index of each convolution in torchvision's `vgg19().features`, as printed by PyTorch.
const FEATURES: [usize; 16] = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34];

/// Name, shape and values of a tensor to write.
type Made = (String, Vec<usize>, Vec<f32>);

fn safetensors_file(tensors: &[Made]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

/// A file in a folder of its own, which goes with it.
fn write(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The whole sentence about a file that cannot be used.
fn complaint(path: &Path) -> String {
    let error = VggWeights::from_file(path).unwrap_err();
    assert!(matches!(error, EngineError::Weights { .. }), "{error:?}");
    let sentence = error.to_string();
    assert!(sentence.contains(&path.display().to_string()), "{sentence}");
    assert!(!sentence.contains('\n'), "{sentence}");
    sentence
}

fn values(file: &TensorFile, name: &str) -> Vec<f32> {
    let entry = file.find(name, file.shape(name).unwrap()).unwrap();
    file.read_f32(&entry).unwrap()
}

fn count(first: u16, length: usize) -> Vec<f32> {
    (0..length).map(|step| f32::from(first) + step as f32).collect()
}

/// The first layer's outputs at the middle of a 3x3 picture of red, green, blue, 0..255.
fn response(weights: &VggWeights, picture: &[[f32; 9]; 3]) -> Vec<f64> {
    let first = &weights.layers[0];
    let taps = |kernels: &[f32]| -> f64 {
        let taps = kernels.chunks_exact(9).zip(picture).zip(weights.mean_rgb);
        taps.flat_map(|((kernel, plane), mean)| {
            kernel.iter().zip(plane).map(move |(&weight, &pixel)| f64::from(weight) * f64::from(pixel - mean))
        })
        .sum()
    };
    first.weight.chunks_exact(27).zip(&first.bias).map(|(kernels, &bias)| taps(kernels) + f64::from(bias)).collect()
}

#[test]
fn the_built_in_weights_are_all_there_and_take_red_first() {
    let weights = VggWeights::embedded().unwrap();
    assert_eq!(weights.layers.len(), LAYERS.len());
    for (weights, layer) in weights.layers.iter().zip(LAYERS) {
        assert_eq!((weights.in_channels, weights.out_channels), (layer.in_channels, layer.out_channels));
        assert_eq!(weights.weight.len(), layer.in_channels * layer.out_channels * 9, "{}", layer.name());
        assert_eq!(weights.bias.len(), layer.out_channels, "{}", layer.name());
    }
    assert_eq!(weights.mean_rgb, [123.68, 116.779, 103.939]);
    assert_eq!(weights.description, "VGG-19 (Oxford), built in");

    let file = embedded_file().unwrap();
    let palette = values(&file, "conv1_1.palette");
    let entry = file.find("conv1_1.weight", &[64, 3, 3, 3]).unwrap();
    let blue_first: Vec<f32> =
        file.read_bytes(&entry).unwrap().iter().map(|&index| palette[usize::from(index)]).collect();
    for (ours, stored) in weights.layers[0].weight.chunks_exact(27).zip(blue_first.chunks_exact(27)) {
        assert_eq!(&ours[..9], &stored[18..]);
        assert_eq!(&ours[9..18], &stored[9..18]);
        assert_eq!(&ours[18..], &stored[..9]);
    }
}

/// The built-in network under torchvision's names, in its Oxford convention or rewritten for torchvision's.
fn as_torchvision(weights: &VggWeights, prefix: &str, rewrite: impl Fn(usize, f32) -> f32) -> Vec<Made> {
    let mut tensors = vec![];
    for (position, (layer, index)) in weights.layers.iter().zip(FEATURES).enumerate() {
        let weight = match position {
            // Back to what the file of that convention would hold.
            0 => layer.weight.iter().enumerate().map(|(at, &weight)| rewrite(at / 9 % 3, weight)).collect(),
            _ => layer.weight.clone(),
        };
        let shape = vec![layer.out_channels, layer.in_channels, 3, 3];
        tensors.push((format!("{prefix}features.{index}.weight"), shape, weight));
        tensors.push((format!("{prefix}features.{index}.bias"), vec![layer.out_channels], layer.bias.clone()));
    }
    tensors
}

#[test]
fn a_torchvision_file_of_the_same_network_answers_the_same() {
    let oxford = VggWeights::embedded().unwrap();
    let std = [0.229, 0.224, 0.225];
    let mut tensors = as_torchvision(&oxford, "module.", |channel, weight| weight * 255.0 * std[channel]);
    // The two conventions subtract slightly different means; a file takes that up in its bias.
    let shift: Vec<f32> =
        [0.485, 0.456, 0.406].iter().zip(oxford.mean_rgb).map(|(mean, ours)| 255.0 * mean - ours).collect();
    for (kernels, bias) in oxford.layers[0].weight.chunks_exact(27).zip(&mut tensors[1].2) {
        *bias +=
            kernels.chunks_exact(9).zip(&shift).map(|(kernel, shift)| kernel.iter().sum::<f32>() * shift).sum::<f32>();
    }
    let (_folder, path) = write("mine.safetensors", &safetensors_file(&tensors));
    let loaded = VggWeights::load(Some(&path)).unwrap();

    assert_eq!(loaded.mean_rgb, [0.485 * 255.0, 0.456 * 255.0, 0.406 * 255.0]);
    assert_eq!(loaded.description, "VGG-19 (torchvision), from mine.safetensors");
    assert!(loaded.layers[1..] == oxford.layers[1..], "only the first layer is rewritten");
    let mut noise = Noise::new(7);
    let picture = std::array::from_fn(|_| std::array::from_fn(|_| 127.5 + 127.5 * noise.value()));
    for (ours, theirs) in response(&loaded, &picture).iter().zip(response(&oxford, &picture)) {
        assert!((ours - theirs).abs() < 1e-3, "{ours} and {theirs}");
    }
}

#[test]
fn oxford_weights_under_torchvision_names_are_recognised() {
    let oxford = VggWeights::embedded().unwrap();
    let mut tensors = as_torchvision(&oxford, "", |_, weight| weight);
    for kernels in tensors[0].2.chunks_exact_mut(27) {
        let (red, rest) = kernels.split_at_mut(9);
        red.swap_with_slice(&mut rest[9..]);
    }
    let (_folder, path) = write("caffe.safetensors", &safetensors_file(&tensors));
    let loaded = VggWeights::from_file(&path).unwrap();
    assert!(loaded.layers == oxford.layers);
    assert_eq!(loaded.mean_rgb, oxford.mean_rgb);
    assert_eq!(loaded.description, "VGG-19 (Oxford), from caffe.safetensors");
}

#[test]
fn the_built_in_file_can_be_loaded_from_disk() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/vgg19-oxford-palette.safetensors");
    let loaded = VggWeights::from_file(&path).unwrap();
    assert!(loaded.layers == VggWeights::embedded().unwrap().layers);
}

#[test]
fn both_pytorch_formats_give_the_values_that_pytorch_wrote() {
    for (format, bytes) in [("zip", ZIP), ("legacy", LEGACY)] {
        let (_folder, path) = write("some.pth", bytes);
        let file = TensorFile::open(&path).unwrap();
        assert_eq!(file.shape("weight"), Some([2, 3, 3, 3].as_slice()), "{format}");
        assert_eq!(values(&file, "weight"), count(1, 54), "{format}");
        assert_eq!(values(&file, "parameter"), count(200, 4), "{format}");
        assert_eq!(values(&file, "half"), count(300, 3), "{format}");
        assert_eq!(values(&file, "bfloat"), count(64, 2), "{format}");
        assert_eq!(values(&file, "double"), count(400, 2), "{format}");
        assert_eq!(values(&file, "whole"), count(100, 12), "{format}");
        assert_eq!(file.shape("part"), Some([2, 3].as_slice()), "{format}");
        assert_eq!(values(&file, "part"), count(104, 6), "{format}");
        assert_eq!(values(&file, "nested.inner"), count(500, 2), "{format}");
        let indices = file.find("bytes", &[5]).unwrap();
        assert_eq!(file.read_bytes(&indices).unwrap().as_ref(), [0, 1, 2, 3, 4], "{format}");
        assert!(file.read_f32(&indices).unwrap_err().contains("bytes holds u8"), "{format}");
        assert!(file.find("steps", &[]).err().unwrap().contains("unknown type"), "{format}");
        assert!(file.shape("note").is_none() && file.shape("rate").is_none(), "{format}");
    }
}

#[test]
fn tensors_with_strides_are_refused_by_name() {
    for bytes in [ZIP_STRIDED, LEGACY_STRIDED] {
        let (_folder, path) = write("strided.pth", bytes);
        assert!(complaint(&path).contains("tensor strided is not stored densely"));
    }
}

#[test]
fn an_ordered_dictionary_of_python_2_is_read() {
    // OrderedDict([['name', True]]), with byte strings for text, as Python 2 pickled it.
    let pickle = b"\x80\x02ccollections\nOrderedDict\nq\x00]q\x01]q\x02(U\x04nameq\x03\x88ea\x85q\x04Rq\x05.";
    assert_eq!(unpickle(pickle).unwrap().flag("name"), Some(true));
}

#[test]
fn files_of_other_networks_are_told_by_their_names() {
    let family: [(&str, &[usize]); 3] = [
        ("VGG-11", &[0, 3, 6, 8, 11, 13, 16, 18]),
        ("VGG-13", &[0, 2, 5, 7, 10, 12, 15, 17, 20, 22]),
        ("VGG-16", &[0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]),
    ];
    for (name, indices) in family {
        let tensors: Vec<Made> = indices
            .iter()
            .map(|index| (format!("features.{index}.weight"), vec![1, 1, 3, 3], vec![0.0; 9]))
            .chain([("classifier.0.weight".to_owned(), vec![2, 2], vec![0.0; 4])])
            .collect();
        let (_folder, path) = write("other.safetensors", &safetensors_file(&tensors));
        let sentence = complaint(&path);
        assert!(sentence.contains(&format!("holds a {name} ")) && sentence.contains("VGG-19 is needed"), "{sentence}");
    }
    let normalised = ["weight", "running_mean"].map(|part| (format!("features.1.{part}"), vec![1], vec![0.0]));
    let first = ("features.0.weight".to_owned(), vec![64, 3, 3, 3], vec![0.0; 64 * 27]);
    let tensors: Vec<Made> = normalised.into_iter().chain([first]).collect();
    let (_folder, path) = write("bn.safetensors", &safetensors_file(&tensors));
    assert!(complaint(&path).contains("batch normalisation (tensor features.1.running_mean)"));

    let (_folder, path) = write("bert.safetensors", &safetensors_file(&[("encoder.0".to_owned(), vec![1], vec![0.0])]));
    assert!(
        complaint(&path)
            .contains("no VGG-19: expected tensors named features.0.weight or conv1_1.weight, found encoder.0")
    );
}

#[test]
fn a_tensor_that_is_missing_or_of_another_shape_or_not_finite_is_named() {
    let weight = || ("features.0.weight".to_owned(), vec![64, 3, 3, 3], vec![0.5; 64 * 27]);
    let grey = ("features.0.weight".to_owned(), vec![64, 1, 3, 3], vec![0.0; 64 * 9]);
    let cases = [
        (vec![grey], "features.0.weight has shape [64, 1, 3, 3], expected [64, 3, 3, 3] (conv1_1 of VGG-19)"),
        (vec![weight()], "features.0.bias is missing, expected one of shape [64] (conv1_1 of VGG-19)"),
    ];
    for (tensors, expected) in cases {
        let (_folder, path) = write("wrong.safetensors", &safetensors_file(&tensors));
        let sentence = complaint(&path);
        assert!(sentence.contains(expected), "{sentence}");
    }

    let (_folder, path) =
        write("nan.safetensors", &safetensors_file(&[("x".to_owned(), vec![2], vec![1.0, f32::NAN])]));
    let file = TensorFile::open(&path).unwrap();
    let problem = file.read_f32(&file.find("x", &[2]).unwrap()).unwrap_err();
    assert!(problem.contains("tensor x holds NaN"), "{problem}");
}

/// A header that promises a whole VGG-19, and the beginning of its values.
fn cut_short(bytes_of_values: usize) -> Vec<u8> {
    let mut header = HashMap::new();
    let mut end = 0;
    for (layer, index) in LAYERS.iter().zip(FEATURES) {
        let weight = vec![layer.out_channels, layer.in_channels, 3, 3];
        for (part, shape) in [("weight", weight), ("bias", vec![layer.out_channels])] {
            let bytes = 4 * shape.iter().product::<usize>();
            let info = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [end, end + bytes]});
            header.insert(format!("features.{index}.{part}"), info);
            end += bytes;
        }
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.resize(file.len() + bytes_of_values, 0);
    file
}

#[test]
fn a_file_that_is_cut_short_is_told_before_anything_is_read() {
    let (_folder, path) = write("cut.safetensors", &cut_short(10_000));
    let sentence = complaint(&path);
    assert!(sentence.contains("features.2.weight is cut short: 2832 of 147456 bytes"), "{sentence}");

    let (_folder, path) = write("cut.safetensors", &cut_short(0)[..100]);
    assert!(complaint(&path).contains("header is damaged or cut short"));

    let (_folder, path) = write("cut.pth", &ZIP[..ZIP.len() / 2]);
    assert!(complaint(&path).contains("zip archive is damaged or cut short"));

    let (_folder, path) = write("cut.pth", &LEGACY[..200]);
    assert!(complaint(&path).contains("cut short"));
    // The last storage is gone; the table is whole.
    let (_folder, path) = write("cut.pth", &LEGACY[..LEGACY.len() - 1]);
    let file = TensorFile::open(&path).unwrap();
    let cut: Vec<_> = file.names().filter(|name| file.find(name, file.shape(name).unwrap()).is_err()).collect();
    assert!(!cut.is_empty());
}

#[test]
fn what_is_no_weights_file_is_said_plainly() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "it is empty"),
        (b"<html><body>404 Not Found</body></html>", "neither a safetensors file nor a PyTorch file"),
        (b"x", "neither a safetensors file nor a PyTorch file"),
        // A zip archive with nothing in it.
        (b"PK\x03\x04", "zip archive is damaged"),
        // A header of 2^62 bytes is not asked for.
        (b"\0\0\0\0\0\0\0\x40{\"a\":1}", "header is damaged or cut short"),
    ];
    for (bytes, expected) in cases {
        let (_folder, path) = write("weights.pth", bytes);
        let sentence = complaint(&path);
        assert!(sentence.contains(expected), "{sentence}");
    }
    let folder = TempDir::new().unwrap();
    assert!(complaint(folder.path()).contains("it is a folder"));
    assert!(complaint(&folder.path().join("none.pth")).contains("there is no such file"));
}

#[test]
fn no_damage_to_a_pytorch_file_makes_the_reader_panic() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("damaged.pth");
    let try_all = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        if let Ok(file) = TensorFile::open(&path) {
            for name in file.names() {
                if let Ok(entry) = file.find(name, file.shape(name).unwrap()) {
                    let _ = file.read_f32(&entry);
                }
            }
        }
    };
    for original in [ZIP, LEGACY] {
        for at in 0..original.len() {
            // A prime stride keeps this quick and still meets every field of the repeating records.
            if at % 11 == 0 {
                try_all(&original[..at]);
            }
            let mut damaged = original.to_vec();
            damaged[at] ^= if at % 2 == 0 { 0xff } else { 0x01 };
            if at % 3 == 0 || original == LEGACY {
                try_all(&damaged);
            }
        }
    }
}

#[test]
fn a_hostile_pickle_costs_no_more_than_its_length() {
    // A text of 4 GiB that is not there; a mark that is never set; a dictionary within itself.
    for hostile in [b"\x80\x02X\xff\xff\xff\xff.".as_slice(), b"\x80\x02u.", b"\x80\x02t.", b"\x85.", b"h\x00."] {
        assert!(unpickle(hostile).is_err(), "{hostile:?}");
    }
    let mut itself = b"\x80\x02}q\x00(".to_vec();
    for _ in 0..1000 {
        itself.extend_from_slice(b"U\x01ah\x00");
    }
    itself.extend_from_slice(b"u.");
    assert!(unpickle(&itself).unwrap().tensors().is_empty());
    // Tuples in tuples, deeper than any stack of calls.
    let mut deep = b"\x80\x02)".to_vec();
    deep.resize(500_000, 0x85);
    deep.push(b'.');
    assert!(unpickle(&deep).is_ok());
}
