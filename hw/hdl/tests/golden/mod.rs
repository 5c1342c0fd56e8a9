//! Golden files: what was written once and read by a person, compared with what is written now.

use std::path::Path;

/// Compares `text` with `tests/golden/<name>`, or rewrites that where `BLESS` is set.
pub fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text = format!("{}\n", text.trim_end());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).expect("a writable golden file");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let difference = text.lines().zip(expected.lines()).position(|(got, expected)| got != expected);
    let line = difference.unwrap_or_else(|| text.lines().count().min(expected.lines().count()));
    let (got, wanted) = (text.lines().nth(line), expected.lines().nth(line));
    assert!(text == expected, "{name}:{}: {got:?}\n  expected {wanted:?}\nBLESS=1 accepts this", line + 1);
}
