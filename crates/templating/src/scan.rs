//! The tag scanner: holds a template to the small part of Tera that a notice needs.
//!
//! Tera itself is silent on `{% if typo %}`, prints a whole record for `__tera_context`, and has neither fuel nor
//! a public syntax tree. What passes here prints known names, tests known names and loops once over known lists:
//! so every render ends, and no name can be mistyped in silence.

use std::ops::Range;

/// Octets in a template: a lawyer reads an element in one go, and the longest shipped one has 2 kB.
pub(crate) const TEMPLATE_OCTETS_MAX: usize = 16 * 1024;
/// Tags in a template; the most in a shipped one is 60.
const TAGS_MAX: usize = 200;
/// Conditions within conditions: more cannot be read, and Tera's parser recurses.
const DEPTH_MAX: usize = 8;
/// Filters that change case, trim, or tell a length or an end of a list. None marks a value as safe.
pub const FILTERS: [&str; 7] = ["capitalize", "first", "last", "length", "lower", "trim", "upper"];
/// Tags that a notice needs.
pub const TAGS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, empty where there is none.
    Text,
    /// A whole number.
    Number,
    /// Yes or no: to be tested, not printed.
    Flag,
    /// Texts: to be looped over, not printed.
    List,
}

/// What is wrong in a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub code: &'static str,
    /// Octets in the template.
    pub at: Range<usize>,
    pub message: String,
    pub hint: Option<String>,
}

impl Complaint {
    fn tag(at: Range<usize>, message: impl Into<String>) -> Self {
        let hint = "a notice prints names, tests them with `if`, and loops over lists with `for`".to_owned();
        Self { code: "template-tag", at, message: message.into(), hint: Some(hint) }
    }
}

/// Returns the names that `source` uses, and what is wrong with it; `kind_of` knows the names.
pub(crate) fn scan(source: &str, kind_of: &dyn Fn(&str) -> Option<Kind>) -> (Vec<String>, Vec<Complaint>) {
    let mut scanner = Scanner { source, kind_of, names: Vec::new(), complaints: Vec::new(), open: Vec::new() };
    if source.len() > TEMPLATE_OCTETS_MAX {
        let message = format!("the template has more than {TEMPLATE_OCTETS_MAX} octets");
        scanner.complaints.push(Complaint { code: "template-size", at: 0..0, message, hint: None });
    } else {
        scanner.run();
    }
    (scanner.names, scanner.complaints)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Name(&'a str),
    Literal,
    Sign(&'a str),
}

type Spanned<'a> = (Token<'a>, Range<usize>);

struct Scanner<'a> {
    source: &'a str,
    kind_of: &'a dyn Fn(&str) -> Option<Kind>,
    names: Vec<String>,
    complaints: Vec<Complaint>,
    /// The open `if` (`None`) and `for` (its loop variable) tags.
    open: Vec<Option<&'a str>>,
}

impl<'a> Scanner<'a> {
    fn run(&mut self) {
        let mut at = 0;
        let mut tags = 0;
        while let Some(start) = self.source[at..].find('{').map(|found| at + found) {
            let rest = &self.source[start..];
            if rest.starts_with("{#") {
                at = rest.find("#}").map_or(self.source.len(), |end| start + end + 2);
                continue;
            }
            let close = match rest.as_bytes().get(1) {
                Some(b'{') => "}}",
                Some(b'%') => "%}",
                _ => {
                    at = start + 1;
                    continue;
                }
            };
            let Some((tokens, end)) = self.tokens(start, close) else { return };
            match close {
                "}}" => self.output(start..end, &tokens),
                _ => self.tag(start..end, &tokens),
            }
            tags += 1;
            if tags > TAGS_MAX {
                return self.complain(start..end, format!("more than {TAGS_MAX} tags in one template"));
            }
            at = end;
        }
    }

    /// Reads the tokens of the tag at `start`, and where it ends; `None` where it does not.
    fn tokens(&mut self, start: usize, close: &str) -> Option<(Vec<Spanned<'a>>, usize)> {
        let mut at = start + 2;
        if self.source[at..].starts_with('-') {
            at += 1;
        }
        let mut tokens = Vec::new();
        loop {
            let rest = self.source[at..].trim_start();
            at = self.source.len() - rest.len();
            let ends = rest.strip_prefix('-').unwrap_or(rest);
            if ends.starts_with(close) {
                return Some((tokens, at + rest.len() - ends.len() + close.len()));
            }
            let Some((token, length)) = token(rest) else {
                self.complain(start..at, "a tag that does not end");
                return None;
            };
            tokens.push((token, at..at + length));
            at += length;
        }
    }

    fn complain(&mut self, at: Range<usize>, message: impl Into<String>) {
        self.complaints.push(Complaint::tag(at, message));
    }

    /// `{{ NAME }}` or `{{ NAME | FILTER }}`.
    fn output(&mut self, at: Range<usize>, tokens: &[Spanned<'a>]) {
        let Some(((Token::Name(name), span), filters)) = tokens.split_first() else {
            return self.complain(at, "this tag does not print a name");
        };
        self.filters(filters);
        let kind = self.use_name(name, span.clone());
        if filters.is_empty() && kind == Some(Kind::List) {
            self.complain(span.clone(), format!("`{name}` is a list and cannot be printed: loop over it"));
        } else if kind == Some(Kind::Flag) {
            self.complain(span.clone(), format!("`{name}` is yes or no and cannot be printed: test it with `if`"));
        }
    }

    /// `| FILTER`, any number of times.
    fn filters(&mut self, tokens: &[Spanned<'a>]) {
        for pair in tokens.chunks(2) {
            match pair {
                [(Token::Sign("|"), _), (Token::Name(filter), span)] => self.filter(filter, span.clone()),
                [(token, span), ..] => self.sign(token, span.clone()),
                [] => {}
            }
        }
    }

    fn filter(&mut self, filter: &str, at: Range<usize>) {
        if !FILTERS.contains(&filter) {
            let message = format!("the filter `{filter}` is not one that a notice needs ({})", FILTERS.join(", "));
            self.complain(at, message);
        }
    }

    fn sign(&mut self, token: &Token<'a>, at: Range<usize>) {
        let message = match token {
            Token::Sign(".") => "`.`: names stand alone, and every value has one of its own".to_owned(),
            Token::Sign("(") => "`(`: nothing can be called".to_owned(),
            Token::Sign(sign) => format!("`{sign}` is not needed in a notice"),
            Token::Name(name) => format!("`{name}` is not expected here"),
            Token::Literal => "a literal is not expected here".to_owned(),
        };
        self.complain(at, message);
    }

    fn tag(&mut self, at: Range<usize>, tokens: &[Spanned<'a>]) {
        let Some(((Token::Name(word), span), rest)) = tokens.split_first() else {
            return self.complain(at, "a tag without a word");
        };
        match (*word, rest) {
            ("if", _) => {
                self.condition(rest);
                self.push(at, None);
            }
            ("elif", _) => self.condition(rest),
            ("for", _) => self.for_loop(at, rest),
            ("else", []) => {}
            ("endif" | "endfor", []) => {
                self.open.pop();
            }
            _ => self.complain(span.clone(), format!("the tag `{word}` is not one that a notice needs")),
        }
    }

    fn push(&mut self, at: Range<usize>, variable: Option<&'a str>) {
        self.open.push(variable);
        if self.open.len() > DEPTH_MAX {
            self.complain(at, format!("more than {DEPTH_MAX} tags within each other"));
        }
    }

    /// Names, literals, comparisons, `and`, `or`, `not`, filters.
    fn condition(&mut self, tokens: &[Spanned<'a>]) {
        let mut tokens = tokens.iter();
        while let Some((token, span)) = tokens.next() {
            match token {
                Token::Name("and" | "or" | "not" | "true" | "false")
                | Token::Literal
                | Token::Sign("==" | "!=" | "<" | ">" | "<=" | ">=") => {}
                Token::Name("is" | "in") => self.sign(token, span.clone()),
                Token::Name(name) => {
                    self.use_name(name, span.clone());
                }
                Token::Sign("|") => match tokens.next() {
                    Some((Token::Name(filter), span)) => self.filter(filter, span.clone()),
                    _ => self.sign(token, span.clone()),
                },
                Token::Sign(_) => self.sign(token, span.clone()),
            }
        }
    }

    /// `for NAME in LIST`, not within another loop.
    fn for_loop(&mut self, at: Range<usize>, tokens: &[Spanned<'a>]) {
        let [(Token::Name(variable), variable_at), (Token::Name("in"), _), (Token::Name(list), list_at)] = tokens
        else {
            self.push(at.clone(), Some("_"));
            return self.complain(at, "a loop has the form `for NAME in LIST`");
        };
        if self.open.iter().any(Option::is_some) {
            self.complain(at.clone(), "a loop within a loop");
        }
        if (self.kind_of)(variable).is_some() {
            self.complain(variable_at.clone(), format!("`{variable}` already names something else"));
        }
        if self.use_name(list, list_at.clone()).is_some_and(|kind| kind != Kind::List) {
            self.complain(list_at.clone(), format!("`{list}` is not a list"));
        }
        self.push(at, Some(variable));
    }

    /// Notes the use of a name, and returns what it stands for.
    fn use_name(&mut self, name: &'a str, at: Range<usize>) -> Option<Kind> {
        if self.open.contains(&Some(name)) {
            return Some(Kind::Text);
        }
        let kind = (self.kind_of)(name);
        if kind.is_none() {
            let message = format!("`{name}` is not a name that a notice knows");
            self.complaints.push(Complaint { code: "template-name", at, message, hint: None });
        } else if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        kind
    }
}

/// Reads one token at the start of `rest`, and its length; `None` at the end or in a string that does not end.
fn token(rest: &str) -> Option<(Token<'_>, usize)> {
    let first = rest.chars().next()?;
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        return Some((Token::Name(&rest[..length]), length));
    }
    if first.is_ascii_digit() {
        let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        return Some((Token::Literal, length));
    }
    if matches!(first, '"' | '\'' | '`') {
        return Some((Token::Literal, string_length(rest, first)?));
    }
    let length =
        if ["==", "!=", "<=", ">="].iter().any(|sign| rest.starts_with(sign)) { 2 } else { first.len_utf8() };
    Some((Token::Sign(&rest[..length]), length))
}

fn string_length(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Returns the line and the column of an octet in `source`, both counted from 1, in characters.
pub(crate) fn line_and_column(source: &str, at: usize) -> (u64, u64) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line as u64, column as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(name: &str) -> Option<Kind> {
        match name {
            "name" | "culprits" => Some(Kind::Text),
            "data_count" => Some(Kind::Number),
            "has_email" => Some(Kind::Flag),
            "data" | "advice" => Some(Kind::List),
            _ => None,
        }
    }

    #[test]
    fn what_a_notice_needs_passes() {
        for source in [
            "plain { text } and {name}",
            "{{ name }}{{name|upper}}{{- name | trim | lower -}}",
            "{% if name and not has_email or data_count >= 2 %}a{% elif culprits == \"}} . [ %}\" %}b{% else %}c{% endif %}",
            "{% for item in data %}{{ item }}{% if item == 'x' %}!{% endif %}{% endfor %}{% for item in advice -%}{% endfor %}",
            "{# anything . [ ( include #}",
            "{% if data | length > 1 %}{% endif %}",
        ] {
            assert_eq!(scan(source, &kind_of).1, [], "{source}");
        }
        assert_eq!(scan("{{ name }}{% if has_email and name %}{% endif %}", &kind_of).0, ["name", "has_email"]);
    }

    #[test]
    fn what_a_notice_does_not_need_is_refused() {
        for source in [
            "{{ name.length }}",
            "{{ name[0] }}",
            "{{ name?.x }}",
            "{{ name | safe }}",
            "{{ name | replace(from='a', to='b') }}",
            "{{ name ~ name }}",
            "{{ 1 + 2 }}",
            "{{ 'text' }}",
            "{{ range(end=9) }}",
            "{{ throw(message='x') }}",
            "{{ }}",
            "{{ <comp() /> }}",
            "{{ [1] }}",
            "{{ data }}",
            "{{ has_email }}",
            "{% if name is defined %}{% endif %}",
            "{% if (name) %}{% endif %}",
            "{% include 'x' %}",
            "{% extends 'x' %}",
            "{% set x = 1 %}",
            "{% raw %}{{ x }}{% endraw %}",
            "{% block a %}{% endblock %}",
            "{% filter upper %}x{% endfilter %}",
            "{% component C() %}{% endcomponent %}",
            "{% <C()> %}{% </C> %}",
            "{% for i in data %}{% for j in advice %}{% endfor %}{% endfor %}",
            "{% for k, v in data %}{% endfor %}",
            "{% for i in name %}{% endfor %}",
            "{% for i in range(end=9) %}{% endfor %}",
            "{% for name in data %}{% endfor %}",
            "{% for i in data %}{% break %}{% endfor %}",
            "{% else if %}",
            "{{ name",
            "{{ 'x }}",
            "{% if name",
        ] {
            let complaints = scan(source, &kind_of).1;
            assert!(
                complaints.iter().any(|complaint| complaint.code == "template-tag"),
                "{source}: {complaints:?}"
            );
        }
        let deep = "{% if name %}".repeat(9);
        assert!(!scan(&deep, &kind_of).1.is_empty());
        assert!(!scan(&"{{ name }}".repeat(201), &kind_of).1.is_empty());
        assert_eq!(scan(&"x".repeat(TEMPLATE_OCTETS_MAX + 1), &kind_of).1[0].code, "template-size");
    }

    #[test]
    fn unknown_names_are_found_wherever_they_stand() {
        for source in [
            "{{ nmae }}",
            "{% if nmae %}{% endif %}",
            "{% if name and nmae == 'x' %}{% endif %}",
            "{% if name %}{% elif not nmae %}{% endif %}",
            "{% for i in nmae %}{% endfor %}",
            "{% for i in data %}{% endfor %}{{ i }}",
            "{{ __tera_context }}",
            "{{ loop }}",
        ] {
            let complaints = scan(source, &kind_of).1;
            assert_eq!(complaints.len(), 1, "{source}: {complaints:?}");
            assert_eq!(complaints[0].code, "template-name", "{source}");
        }
        let source = "a\nbé {{ nmae }}";
        let complaint = &scan(source, &kind_of).1[0];
        assert_eq!(line_and_column(source, complaint.at.start), (2, 7));
    }
}
