//! Reads what a module holds from its tokens: items, imports, child modules, and the paths that it mentions.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What stands in a module, its inline modules aside.
#[derive(Default)]
pub(super) struct Contents {
    /// The names of functions, types, constants and the like.
    pub(super) items: Vec<String>,
    pub(super) imports: Vec<Import>,
    pub(super) mentions: Vec<Mention>,
    pub(super) children: Vec<Child>,
}

/// One name that a `use` brings in, or all of a module.
pub(super) struct Import {
    /// The name that it brings in; none for `*`.
    pub(super) name: Option<String>,
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// `pub use`, for whomever.
    pub(super) is_reexport: bool,
}

/// A path in code, such as `crate::a::B` or `B`.
pub(super) struct Mention {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

pub(super) struct Child {
    pub(super) name: String,
    pub(super) body: Body,
}

/// Where a child module's contents stand.
pub(super) enum Body {
    Inline(Box<Contents>),
    /// In a file of the usual name.
    File,
    /// In a file that `#[path]` names.
    FileAt(String),
}

/// Keywords before the name of an item.
const DEFINERS: [&str; 9] =
    ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];

/// Keywords that may stand between one of [`DEFINERS`] and a name, or in place of a name.
const NO_NAMES: [&str; 6] = ["fn", "mut", "unsafe", "async", "extern", "_"];

/// Reads a module's tokens.
pub(super) fn contents(tokens: TokenStream) -> Contents {
    let mut contents = Contents::default();
    Reader { contents: &mut contents }.items(&tokens.into_iter().collect::<Vec<_>>(), true);
    contents
}

struct Reader<'a> {
    contents: &'a mut Contents,
}

impl Reader<'_> {
    /// Reads tokens; `are_items` outside of any body.
    fn items(&mut self, tokens: &[TokenTree], are_items: bool) {
        let mut at = 0;
        let mut file = None;
        let mut is_public = false;
        while let Some(token) = tokens.get(at) {
            let was_public = std::mem::take(&mut is_public);
            match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    let bracket = at + 1 + usize::from(is_mark(tokens.get(at + 1), '!'));
                    let Some(TokenTree::Group(attribute)) = tokens.get(bracket) else {
                        at += 1;
                        continue;
                    };
                    let inner: Vec<TokenTree> = attribute.stream().into_iter().collect();
                    at = bracket + 1;
                    if is_for_tests(&inner) {
                        at = after_item(tokens, at);
                    } else if is_word(inner.first(), "path") && is_mark(inner.get(1), '=') {
                        file = inner.get(2).map(|text| text.to_string().trim_matches('"').to_owned());
                    } else {
                        self.items(&inner, false);
                    }
                }
                TokenTree::Ident(word) if word == "pub" => {
                    is_public = true;
                    at += 1;
                    if let Some(TokenTree::Group(whom)) = tokens.get(at)
                        && is_visibility(&whom.stream())
                    {
                        at += 1;
                    }
                }
                TokenTree::Ident(word) if word == "use" && !is_mark(tokens.get(at + 1), '<') => {
                    let end = position(tokens, at, |token| is_mark(Some(token), ';'));
                    self.import(tokens.get(at + 1..end).unwrap_or_default(), &mut Vec::new(), was_public);
                    at = end + 1;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    at = self.child(tokens, at, file.take());
                }
                TokenTree::Ident(word) if are_items && DEFINERS.iter().any(|definer| word == definer) => {
                    at += 1;
                    while is_mark(tokens.get(at), '!')
                        || NO_NAMES.iter().any(|word| is_word(tokens.get(at), word))
                    {
                        at += 1;
                    }
                    if let Some(TokenTree::Ident(name)) = tokens.get(at) {
                        self.contents.items.push(name.to_string());
                        at += 1;
                    }
                }
                TokenTree::Ident(_) => at = self.mention(tokens, at),
                TokenTree::Group(group) => {
                    self.items(&group.stream().into_iter().collect::<Vec<_>>(), false);
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// Reads `mod name;` or `mod name { … }`. Returns where it ends.
    fn child(&mut self, tokens: &[TokenTree], at: usize, file: Option<String>) -> usize {
        let (Some(TokenTree::Ident(name)), Some(rest)) = (tokens.get(at + 1), tokens.get(at + 2)) else {
            return at + 1;
        };
        let body = match rest {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                Body::Inline(Box::new(contents(group.stream())))
            }
            mark if is_mark(Some(mark), ';') => file.map_or(Body::File, Body::FileAt),
            _ => return at + 2,
        };
        self.contents.children.push(Child { name: name.to_string(), body });
        at + 3
    }

    /// Reads what stands between `use` and `;`, or a part of it after `prefix`.
    fn import(&mut self, tokens: &[TokenTree], prefix: &mut Vec<String>, is_reexport: bool) {
        let depth = prefix.len();
        for part in tokens.split(|token| is_mark(Some(token), ',')) {
            prefix.truncate(depth);
            let mut line = 0;
            let mut name = None;
            let mut words = part.iter();
            while let Some(token) = words.next() {
                line = token.span().start().line;
                match token {
                    TokenTree::Ident(word) if word == "as" => {
                        name = words.next().map(ToString::to_string);
                    }
                    TokenTree::Ident(word) if word == "self" && !prefix.is_empty() => {}
                    TokenTree::Ident(word) => prefix.push(word.to_string()),
                    TokenTree::Group(group) => {
                        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                        self.import(&inner, prefix, is_reexport);
                        name = Some(String::new());
                    }
                    TokenTree::Punct(mark) if mark.as_char() == '*' => {
                        let path = prefix.clone();
                        self.contents.imports.push(Import { name: None, path, line, is_reexport });
                        name = Some(String::new());
                    }
                    _ => {}
                }
            }
            // A group or a `*` has brought in its own.
            if name.as_ref().is_some_and(String::is_empty) {
                continue;
            }
            if let Some(name) = name.or_else(|| prefix.last().cloned()) {
                let path = prefix.clone();
                self.contents.imports.push(Import { name: Some(name), path, line, is_reexport });
            }
        }
        prefix.truncate(depth);
    }

    /// Reads a path. Returns where it ends.
    fn mention(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let line = tokens.get(at).map_or(0, |token| token.span().start().line);
        let mut path = Vec::new();
        let mut end = at;
        while let Some(TokenTree::Ident(word)) = tokens.get(end) {
            path.push(word.to_string());
            end += 1;
            let goes_on = is_mark(tokens.get(end), ':')
                && is_mark(tokens.get(end + 1), ':')
                && matches!(tokens.get(end + 2), Some(TokenTree::Ident(_)));
            if !goes_on {
                break;
            }
            end += 2;
        }
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        // A field or a method, a path of other crates, or the name of something that is defined here.
        let is_member = is_mark(before(1), '.') && !is_mark(before(2), '.');
        let is_global = is_mark(before(1), ':') && is_mark(before(2), ':');
        let is_definition = is_word(before(1), "fn") || is_word(before(1), "let");
        // What a single small word means is known only of a call.
        let is_named = path.len() > 1
            || path.first().is_some_and(|word| word.starts_with(char::is_uppercase))
            || matches!(tokens.get(end), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
        if is_named && !is_member && !is_global && !is_definition {
            self.contents.mentions.push(Mention { path, line });
        }
        end
    }
}

/// Whether an attribute leaves out what follows unless tests are built.
fn is_for_tests(attribute: &[TokenTree]) -> bool {
    let Some(TokenTree::Group(condition)) = attribute.get(1) else { return false };
    if !is_word(attribute.first(), "cfg") && !is_word(attribute.first(), "all") {
        return false;
    }
    let condition: Vec<TokenTree> = condition.stream().into_iter().collect();
    condition.split(|token| is_mark(Some(token), ',')).any(|part| match part {
        [word] => is_word(Some(word), "test"),
        other => is_word(other.first(), "all") && is_for_tests(other),
    })
}

/// Where the item ends that begins there.
fn after_item(tokens: &[TokenTree], at: usize) -> usize {
    let ends_at_semicolon =
        tokens.get(at..).unwrap_or_default().iter().take(4).any(|token| {
            ["use", "const", "static", "type", "let"].iter().any(|word| is_word(Some(token), word))
        });
    let is_function =
        tokens.get(at..).unwrap_or_default().iter().take(4).any(|token| is_word(Some(token), "fn"));
    1 + position(tokens, at, |token| match token {
        TokenTree::Group(group) => {
            group.delimiter() == Delimiter::Brace && (is_function || !ends_at_semicolon)
        }
        other => is_mark(Some(other), ';'),
    })
}

/// Whether what stands in parentheses after `pub` says for whom.
fn is_visibility(inner: &TokenStream) -> bool {
    matches!(inner.clone().into_iter().next(), Some(TokenTree::Ident(word))
        if word == "crate" || word == "super" || word == "self" || word == "in")
}

fn position(tokens: &[TokenTree], from: usize, is_it: impl Fn(&TokenTree) -> bool) -> usize {
    tokens.iter().skip(from).position(is_it).map_or(tokens.len(), |found| from + found)
}

fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == mark)
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(found)) if found == word)
}
