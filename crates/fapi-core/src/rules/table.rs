//! Which rule is for a method and a path.

use super::path::{self, Clarity, Text};
use crate::config::{self, AmbiguousPaths, ConfigError};

/// The paths of all rules as a tree, one level a segment.
#[derive(Debug, Default)]
pub(super) struct Table {
    root: Node,
    methods: Vec<Box<str>>,
    /// Whether a rule's path ends with a slash.
    some_slash: bool,
    /// Whether a rule's path has percent-encodings.
    some_encoding: bool,
}

/// What the table has for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The rule at this place of the configuration.
    Rule(usize),
    None,
    /// Another reading of the same path leads to another rule.
    Ambiguous,
}

#[derive(Debug, Default)]
struct Node {
    /// Normal forms, sorted.
    fixed: Vec<(Box<str>, Node)>,
    parameter: Option<Box<Node>>,
    /// Rules whose path ends here.
    here: Vec<End>,
    /// Rules whose path goes on with `{*rest}`.
    rest: Vec<End>,
}

/// One rule for one method.
#[derive(Debug)]
struct End {
    rule: usize,
    /// `None`: all.
    method: Option<Box<str>>,
    slash: Slash,
    kind: Kind,
    extent: Extent,
}

/// Whether a path has a slash at its end. The root has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slash {
    Absent,
    Present,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Public,
    Protected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// The path and nothing below it.
    Whole,
    /// `{*rest}`.
    Rest,
}

impl Table {
    /// Enters the rule at place `rule` of the configuration.
    ///
    /// # Errors
    /// The path is not one that rules can have, or another rule is as specific.
    pub(super) fn insert(
        &mut self,
        rule: usize,
        config: &config::Rule,
        ambiguous: AmbiguousPaths,
    ) -> Result<(), ConfigError> {
        let wrong = |problem: String| ConfigError::invalid(format!("rules[{rule}].path"), problem);
        let Some(path) = config.path.strip_prefix('/') else {
            return Err(wrong("must begin with /".to_owned()));
        };
        let (path, slash) = split_slash(path);
        let kind = if config.public {
            Kind::Public
        } else {
            Kind::Protected
        };
        let ambiguous = match kind {
            // It is for paths in their normal form alone, and so for none that is ambiguous.
            Kind::Public => AmbiguousPaths::Refuse,
            Kind::Protected => ambiguous,
        };

        let mut node = &mut self.root;
        let mut extent = Extent::Whole;
        for segment in path.into_iter().flat_map(|path| path.split('/')) {
            if extent == Extent::Rest {
                return Err(wrong(AFTER_REST.to_owned()));
            }
            let segment = Segment::parse(segment, ambiguous);
            match segment.map_err(|problem| wrong(problem.to_owned()))? {
                Segment::Fixed(text) => {
                    self.some_encoding |= text.contains('%');
                    node = node.fixed_child(text);
                }
                Segment::Parameter => node = node.parameter.get_or_insert_default(),
                Segment::Rest => extent = Extent::Rest,
            }
        }
        if extent == Extent::Rest && slash == Slash::Present {
            return Err(wrong(AFTER_REST.to_owned()));
        }
        self.some_slash |= slash == Slash::Present;

        let ends = match extent {
            Extent::Whole => &mut node.here,
            Extent::Rest => &mut node.rest,
        };
        for method in methods(config) {
            let same = ends.iter().find(|end| end.method.as_deref() == method);
            match same {
                Some(end) if end.rule == rule => continue,
                Some(end) => {
                    let what = method.unwrap_or("all methods");
                    let other = end.rule;
                    return Err(wrong(format!(
                        "is as specific as rules[{other}].path for {what}; names of parameters, a slash at the end \
                         and encodings of unreserved characters make no difference"
                    )));
                }
                None => {}
            }
            if let Some(method) = method.filter(|m| self.methods.iter().all(|known| **known != **m))
            {
                self.methods.push(method.into());
            }
            ends.push(End {
                rule,
                method: method.map(Into::into),
                slash,
                kind,
                extent,
            });
        }
        Ok(())
    }

    /// Whether some rule is for a method that differs from this one in upper and lower case only.
    pub(super) fn is_misspelt(&self, method: &str) -> bool {
        let known = || self.methods.iter().map(|known| &**known);
        // GET covers HEAD.
        let head = known().any(|known| known == "GET").then_some("HEAD");
        let mut similar = known()
            .chain(head)
            .filter(|known| known.eq_ignore_ascii_case(method))
            .peekable();
        similar.peek().is_some() && similar.all(|known| known != method)
    }

    /// The most specific rule.
    ///
    /// A path may be read in several ways: reserved characters encoded or decoded, a slash at the end kept or dropped.
    /// Where two readings lead to different rules, the answer is [`Found::Ambiguous`], or with [`AmbiguousPaths::Allow`]
    /// the rule of the path as it is written.
    pub(super) fn find(
        &self,
        method: &str,
        path: &str,
        clarity: Clarity,
        ambiguous: AmbiguousPaths,
    ) -> Found {
        let (path, slash) = split_slash(path.strip_prefix('/').unwrap_or(path));
        let request = Request {
            method,
            path,
            slash,
            clarity,
        };
        let written = self.read(request, Text::Normalised, ambiguous);
        let one_reading = clarity == Clarity::Plain && !self.some_encoding;
        if one_reading || ambiguous == AmbiguousPaths::Allow {
            return written;
        }
        let decoded = self.read(request, Text::Decoded, ambiguous);
        if written == decoded {
            written
        } else {
            Found::Ambiguous
        }
    }

    fn read(&self, request: Request<'_>, text: Text, ambiguous: AmbiguousPaths) -> Found {
        let search = |slashes, below| {
            let search = Search {
                request,
                text,
                slashes,
                below,
            };
            search.find(&self.root, request.path)
        };
        let dropped = search(Slashes::Same, Below::Some);
        let kept = if request.slash == Slash::Present || self.some_slash {
            search(Slashes::Different, Below::Some)
        } else {
            dropped
        };
        let found = match (kept, dropped) {
            // With "/a/{id}" and "/a/{*rest}", "/a/1/" is the first one's or the second one's.
            (Some(kept), Some(dropped))
                if kept.rule != dropped.rule && ambiguous == AmbiguousPaths::Refuse =>
            {
                return Found::Ambiguous;
            }
            (kept, dropped) => kept.or(dropped),
        };
        let found = match found {
            Some(End {
                extent: Extent::Whole,
                ..
            }) => found,
            // "/a/{*rest}" is for "/a" as well, sooner than "/{*rest}" is.
            _ => search(Slashes::Same, Below::NoneToo).or(found),
        };
        found.map_or(Found::None, |end| Found::Rule(end.rule))
    }
}

const AFTER_REST: &str = "nothing can follow {*…}";

/// One look through the tree.
#[derive(Clone, Copy)]
struct Search<'r> {
    request: Request<'r>,
    text: Text,
    slashes: Slashes,
    below: Below,
}

#[derive(Clone, Copy)]
struct Request<'r> {
    method: &'r str,
    /// Without the slashes at both ends; `None`: the root.
    path: Option<&'r str>,
    slash: Slash,
    clarity: Clarity,
}

/// Whether a path with a slash at its end is the same as the path without it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slashes {
    Same,
    Different,
}

/// What `{*rest}` stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    /// One segment or more, as the router matchit has it.
    Some,
    /// None, too. Only rules with `{*rest}` are looked at.
    NoneToo,
}

impl Search<'_> {
    /// Goes down in the order of specificity: fixed segments, then a parameter, then `{*rest}`. No node is seen twice.
    fn find<'t>(&self, node: &'t Node, path: Option<&str>) -> Option<&'t End> {
        let Some(path) = path else {
            return match self.below {
                Below::Some => self.best(&node.here, |_| true),
                // A public rule is for nothing but what it says.
                Below::NoneToo => self.best(&node.rest, |end| end.kind == Kind::Protected),
            };
        };
        let (segment, after) = match path.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (path, None),
        };
        let parameter = node.parameter.as_deref().filter(|_| !segment.is_empty());
        self.fixed(node, segment)
            .chain(parameter)
            .find_map(|child| self.find(child, after))
            .or_else(|| self.best(&node.rest, |_| true))
    }

    fn fixed<'t>(&self, node: &'t Node, segment: &str) -> impl Iterator<Item = &'t Node> {
        // A plain segment is its own normal form, and the keys are normal forms.
        let plain = self.request.clarity == Clarity::Plain && self.text == Text::Normalised;
        let exact = plain
            .then(|| node.fixed.binary_search_by(|(key, _)| (**key).cmp(segment)))
            .and_then(Result::ok)
            .and_then(|place| node.fixed.get(place));
        let others = if plain { &[] } else { node.fixed.as_slice() };
        let text = self.text;
        exact
            .into_iter()
            .chain(
                others
                    .iter()
                    .filter(move |(key, _)| text.is_same(key, segment)),
            )
            .map(|(_, child)| child)
    }

    /// The rule that names the method, else for HEAD the rule for GET, else the rule for all methods.
    fn best<'t>(&self, ends: &'t [End], may_be: impl Fn(&End) -> bool) -> Option<&'t End> {
        let of = |method: Option<&str>| {
            ends.iter()
                .find(|end| end.method.as_deref() == method && self.is_for(end) && may_be(end))
        };
        let head_as_get = || match self.request.method {
            "HEAD" => of(Some("GET")),
            _ => None,
        };
        of(Some(self.request.method))
            .or_else(head_as_get)
            .or_else(|| of(None))
    }

    fn is_for(&self, end: &End) -> bool {
        let same_slash = end.extent == Extent::Rest || end.slash == self.request.slash;
        match end.kind {
            Kind::Public => same_slash && self.request.clarity <= Clarity::Normal,
            Kind::Protected => same_slash || self.slashes == Slashes::Same,
        }
    }
}

impl Node {
    fn fixed_child(&mut self, text: Box<str>) -> &mut Self {
        let place = match self.fixed.binary_search_by(|(key, _)| key.cmp(&text)) {
            Ok(place) => place,
            Err(place) => {
                self.fixed.insert(place, (text, Self::default()));
                place
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the search gave this place")]
        &mut self.fixed[place].1
    }
}

enum Segment {
    Fixed(Box<str>),
    Parameter,
    Rest,
}

impl Segment {
    fn parse(segment: &str, ambiguous: AmbiguousPaths) -> Result<Self, &'static str> {
        if segment.contains(['{', '}']) {
            let name = segment
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'));
            let (name, found) = match name.map(|name| (name, name.strip_prefix('*'))) {
                Some((_, Some(name))) => (name, Self::Rest),
                Some((name, None)) => (name, Self::Parameter),
                None => ("", Self::Parameter),
            };
            return if name.is_empty() || name.contains(['{', '}', '*']) {
                Err(
                    "a parameter is a whole segment, {name}, or at the end {*name}; other braces are %7B and %7D",
                )
            } else {
                Ok(found)
            };
        }
        if segment.starts_with([':', '*']) {
            return Err("parameters are written {name} and {*name}");
        }
        if ambiguous == AmbiguousPaths::Refuse && segment.is_empty() {
            return Err("must not contain //");
        }
        let text = path::normalised(segment);
        match Clarity::of_segment(&text) {
            Clarity::Plain | Clarity::Normal => Ok(Self::Fixed(text)),
            Clarity::Unusual => Err("has a character that must be percent-encoded"),
            Clarity::Ambiguous if ambiguous == AmbiguousPaths::Allow => Ok(Self::Fixed(text)),
            Clarity::Ambiguous => Err("is ambiguous: no request for it gets as far as the rules"),
        }
    }
}

/// The path without the slash at its end, `None` for the root.
fn split_slash(path: &str) -> (Option<&str>, Slash) {
    if path.is_empty() {
        return (None, Slash::Absent);
    }
    match path.strip_suffix('/') {
        Some(path) => (Some(path), Slash::Present),
        None => (Some(path), Slash::Absent),
    }
}

fn methods(config: &config::Rule) -> impl Iterator<Item = Option<&str>> {
    let named = config.methods.iter().flatten();
    let all = config.methods.is_none().then_some(None);
    named.map(|name| Some(name.as_str())).chain(all)
}
