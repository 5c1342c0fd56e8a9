//! What is said to be declared is what the text declares: names and widths, compared with the printed Verilog.

use std::collections::BTreeMap;
use std::sync::Arc;

use hdl::random::hierarchy;
use hdl::verilog::{self, Kind};
use hdl::{cells, Builder, Module};

/// By name, the keywords and the width of every declaration of a text that is no memory.
fn written(module: &Module, text: &str) -> BTreeMap<String, (String, u32)> {
    let is_memory = |name: &str| module.memories().iter().any(|memory| memory.name == name);
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let count = words.iter().take_while(|w| ["input", "output", "wire", "reg"].contains(w)).count();
        let (Some(first), true) = (words.get(count), count > 0) else { continue };
        let (width, name) = match first.strip_prefix('[') {
            Some(range) => (range.split(':').next().expect("a range").parse::<u32>(), words[count + 1]),
            None => (Ok(0), *first),
        };
        let name = name.trim_end_matches([',', ';']).to_owned();
        if name != "unused" && !is_memory(&name) {
            let keywords = words[..count].join(" ");
            let old = found.insert(name, (keywords, width.expect("a number") + 1));
            assert_eq!(old, None, "declared twice: {line}");
        }
    }
    found
}

fn check(top: &Arc<Module>) -> usize {
    let texts = verilog::print(top);
    let mut count = 0;
    for scope in verilog::scopes(top) {
        let module = &scope.module;
        let file = format!("{}.v", module.name());
        let text = &texts.iter().find(|text| text.name == file).expect("a file a module").text;
        let mut expected = written(module, text);
        for declared in scope.declared.iter() {
            let (keywords, width) = expected
                .remove(&declared.name)
                .unwrap_or_else(|| panic!("{}.{} is not in the text:\n{text}", scope.path, declared.name));
            let fits = match declared.kind {
                Kind::Input => keywords == "input wire",
                Kind::Output => keywords.starts_with("output "),
                Kind::Wire => keywords == "wire",
                Kind::Reg => keywords == "reg",
            };
            assert!(
                fits && width == declared.width,
                "{declared:?}, but the text has `{keywords}`, {width} bits"
            );
            count += 1;
        }
        assert!(expected.is_empty(), "{}: not listed: {expected:?}\n{text}", scope.path);
    }
    count
}

#[test]
fn everything_that_the_text_declares_is_listed() {
    let listed: usize = (0..40).map(|seed| check(&hierarchy(seed, 40))).sum();
    assert!(listed > 4000, "only {listed} declarations were compared");
    check(&cells::fifo("fifo", 9, 7).expect("a correct description"));
    check(&cells::ram("ram", 32, 1, 8).expect("a correct description"));
}

#[test]
fn instances_have_the_paths_of_the_text_and_come_in_its_order() {
    let b = Builder::new("leaf", "A register.");
    let x = b.input("x", 3, "anything");
    b.output("y", &b.delay("y", &x), "the same, later");
    let leaf = b.finish().expect("a correct description");
    let b = Builder::new("row", "Two of them, the output of the second unread.");
    let x = b.input("x", 3, "anything");
    let [first, _] = ["a", "b"].map(|name| {
        let unit = b.instance(name, &leaf);
        unit.connect("x", &x);
        unit
    });
    b.output("y", &first.out("y"), "that of the first");
    let row = b.finish().expect("a correct description");
    let scopes = verilog::scopes(&row);
    let paths: Vec<&str> = scopes.iter().map(|scope| scope.path.as_str()).collect();
    assert_eq!(paths, ["row", "row.a", "row.b"]);
    let names: Vec<&str> = scopes[0].declared.iter().map(|declared| declared.name.as_str()).collect();
    assert_eq!(names, ["aclk", "x", "y", "b_y"]);
    assert_eq!(scopes[2].parent, Some(0));
    check(&row);
}
