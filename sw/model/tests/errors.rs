//! The texts of errors: `errors/NAME.yaml` is a network, `errors/NAME.txt` what the user reads.
//!
//! A first line `# tensors: ...` damages the safetensors file, which is otherwise made to fit the layers:
//!
//! ```text
//! drop T             leave tensor T out         shape T [A, B]   give T this shape
//! rename T U         call it U                  set T VALUE      fill T with VALUE
//! type T DTYPE       give T this type           truncate BYTES   keep so many bytes
//! length BYTES       claim so long a header     json TEXT        replace the header
//! ```
//!
//! `BLESS=1 cargo test -p nasa-model --test errors` writes the texts anew.

// A test may panic anywhere.
#![allow(clippy::unwrap_used)]

use model::format::Written;
use model::graph::Layer;
use safetensors::tensor::{serialize, Dtype, TensorView};
use std::fs;
use std::path::Path;

/// Name, type, shape, and the value of every element.
struct Filled {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    value: i64,
}

impl Filled {
    fn bytes(&self) -> Vec<u8> {
        let count = self.shape.iter().product();
        let word = &self.value.to_le_bytes()[..self.dtype.bitsize() / 8];
        std::iter::repeat_n(word, count).flatten().copied().collect()
    }
}

/// Legal tensors for `layers`.
fn fitting(layers: &[Layer]) -> Vec<Filled> {
    let mut all = Vec::new();
    for layer in layers {
        let mut add = |tensor: &str, dtype, shape: &[usize]| {
            all.push(Filled {
                name: format!("{}.{tensor}", layer.name),
                dtype,
                shape: shape.to_vec(),
                value: 1,
            });
        };
        let channels = [layer.out_shape.c];
        add("weight", Dtype::I8, &layer.weight_shape());
        add("bias", Dtype::I64, &channels);
        add("multiplier", Dtype::I16, &channels);
        add("shift", Dtype::U8, &channels);
        if layer.residual.is_some() {
            add("residual_multiplier", Dtype::I16, &channels);
            add("residual_shift", Dtype::U8, &channels);
        }
    }
    all
}

fn numbers(text: &str) -> Vec<usize> {
    text.trim_matches(['[', ']']).split(',').map(|number| number.trim().parse().unwrap()).collect()
}

/// The safetensors file of `tensors`, damaged as `directives` say.
fn damaged(mut tensors: Vec<Filled>, directives: &[&str]) -> Vec<u8> {
    let parts = |directive: &str| -> Vec<String> { directive.splitn(3, ' ').map(String::from).collect() };
    for part in directives.iter().map(|directive| parts(directive)) {
        let named = tensors.iter().position(|tensor| tensor.name == part[1]);
        match (part[0].as_str(), named) {
            ("drop", Some(i)) => drop(tensors.remove(i)),
            ("rename", Some(i)) => tensors[i].name.clone_from(&part[2]),
            ("type", Some(i)) => tensors[i].dtype = if part[2] == "F32" { Dtype::F32 } else { Dtype::I16 },
            ("shape", Some(i)) => tensors[i].shape = numbers(&part[2]),
            ("set", Some(i)) => tensors[i].value = part[2].parse().unwrap(),
            _ => {}
        }
    }
    let data: Vec<Vec<u8>> = tensors.iter().map(Filled::bytes).collect();
    let views = tensors.iter().zip(&data).map(|(tensor, data)| {
        (tensor.name.as_str(), TensorView::new(tensor.dtype, tensor.shape.clone(), data).unwrap())
    });
    let mut bytes = serialize(views, None).unwrap();
    for directive in directives {
        match directive.split_once(' ').unwrap() {
            ("truncate", count) => bytes.truncate(count.parse().unwrap()),
            ("length", count) => bytes[..8].copy_from_slice(&count.parse::<u64>().unwrap().to_le_bytes()),
            ("json", text) => {
                bytes = [&(text.len() as u64).to_le_bytes(), text.as_bytes(), &[0; 64]].concat();
            }
            _ => {}
        }
    }
    bytes
}

/// What the user reads for the network `text`.
fn shown(file: &str, text: &str) -> String {
    let directives: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# tensors: ")).collect();
    let result = Written::parse(file, text).and_then(|written| {
        let bytes = damaged(fitting(written.layers()), &directives);
        let weights = written.weights_file().to_string();
        written.with_weights(&weights, &bytes)
    });
    match result {
        Ok(_) => "no error\n".into(),
        Err(report) => report.to_string(),
    }
}

#[test]
fn errors_read_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() > 20, "the cases are missing");
    let mut wrong = Vec::new();
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let got = shown(&name, &fs::read_to_string(&path).unwrap());
        let count = |word: &str| got.lines().filter(|line| line.trim_start().starts_with(word)).count();
        assert_eq!(count("error["), count("= help: "), "{name}: every error says what to do\n{got}");
        let golden = path.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&golden, &got).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != got {
            wrong.push(format!("{name} now reads:\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nBLESS=1 accepts this", wrong.join("\n"));
}
