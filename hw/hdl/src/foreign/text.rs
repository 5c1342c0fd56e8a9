//! What is read of a foreign text: the names of the modules that it defines. Everything else in it is its own
//! affair.

/// The names of the modules that a Verilog text defines, in its order.
pub(super) fn modules(text: &str) -> Vec<String> {
    let words = words(text);
    let definitions = words.windows(2).filter(|pair| matches!(pair[0], "module" | "macromodule"));
    definitions.map(|pair| pair[1].to_owned()).collect()
}

/// The words of a Verilog text, without those in comments and strings.
fn words(text: &str) -> Vec<&str> {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let (mut words, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        let until = |from: usize, end: &str| rest[from..].find(end).map(|at| from + at + end.len());
        let length = match first {
            '/' if rest.starts_with("//") => until(2, "\n"),
            '/' if rest.starts_with("/*") => until(2, "*/"),
            '"' => until(1, "\""),
            c if is_of_word(c) => rest.find(|c| !is_of_word(c)),
            c => Some(c.len_utf8()),
        };
        let (piece, after) = rest.split_at(length.unwrap_or(rest.len()));
        if is_of_word(first) {
            words.push(piece);
        }
        rest = after;
    }
    words
}
