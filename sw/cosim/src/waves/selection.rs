//! Which instances are recorded, chosen by their paths in the Verilog.

use std::sync::Arc;

use hdl::verilog::{scopes, Declared, Scope};
use hdl::{nearest, Module};
use spec::error::{Diagnostic, Report};

/// Every instance of a hierarchy, and which of them are chosen.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Each before those in it.
    pub scopes: Vec<Scope>,
    /// By scope.
    pub is_chosen: Vec<bool>,
    /// Paths whose instances are chosen with everything below them.
    pub paths: Vec<String>,
}

impl Selection {
    /// Chooses the instances at `paths` and what is in them; all where there is none.
    ///
    /// # Errors
    /// Every path at which there is no instance, with the nearest that there are.
    pub fn new(top: &Arc<Module>, paths: &[String]) -> Result<Selection, Report> {
        let scopes = scopes(top);
        let known = || scopes.iter().map(|scope| scope.path.as_str());
        let mut report = Report::default();
        for path in paths.iter().filter(|path| !known().any(|known| known == path.as_str())) {
            report.push(unknown("instance", path, nearest(path, known()), top.name()));
        }
        let paths = match paths.is_empty() {
            true => vec![top.name().to_owned()],
            false => paths.to_vec(),
        };
        let is_below = |path: &str, above: &String| {
            path.strip_prefix(above.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_chosen =
            scopes.iter().map(|scope| paths.iter().any(|above| is_below(&scope.path, above))).collect();
        report.or(Selection { scopes, is_chosen, paths })
    }

    /// The instance at whose path the last name is that of a signal, and only that instance; and the signal.
    ///
    /// # Errors
    /// Where there is no such signal; the nearest are named.
    pub fn signal(top: &Arc<Module>, path: &str) -> Result<(Selection, Declared), Report> {
        let scopes = scopes(top);
        let place = path.rsplit_once('.');
        let at = place.and_then(|(above, _)| scopes.iter().position(|scope| scope.path == above));
        let name = place.map_or(path, |(_, name)| name);
        let declared = at.and_then(|at| scopes[at].declared.iter().find(|declared| declared.name == name));
        let (Some(at), Some(declared)) = (at, declared) else {
            let near = match at {
                // The instance is right, so the name is wrong.
                Some(at) => {
                    let names = scopes[at].declared.iter().map(|declared| declared.name.as_str());
                    let full = |name| format!("{}.{name}", scopes[at].path);
                    nearest(name, names).into_iter().map(full).collect()
                }
                None => nearest(path, signals(&scopes).iter().map(String::as_str)),
            };
            return Err(unknown("signal", path, near, top.name()).into());
        };
        let declared = declared.clone();
        let is_chosen = (0..scopes.len()).map(|scope| scope == at).collect();
        let paths = vec![scopes[at].path.clone()];
        Ok((Selection { scopes, is_chosen, paths }, declared))
    }
}

/// The paths of all signals.
fn signals(scopes: &[Scope]) -> Vec<String> {
    let path = |scope: &Scope, declared: &Declared| format!("{}.{}", scope.path, declared.name);
    scopes.iter().flat_map(|scope| scope.declared.iter().map(move |declared| path(scope, declared))).collect()
}

fn unknown(what: &str, path: &str, nearest: Vec<String>, top: &str) -> Diagnostic {
    let error = Diagnostic::new("trace", format!("the hardware has no {what} `{path}`"));
    match nearest.is_empty() {
        true => error.help(format!("paths are as in the Verilog, and begin with `{top}`")),
        false => error.help(format!("nearest: {}", nearest.join(", "))),
    }
}
