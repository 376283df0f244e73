// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a source can be mutated: operators, comparisons, whole numbers, calls that have a counterpart, statements that can be left out,
//! functions that can return at once; in the driver also statuses, and calls in another order. What is computed while compiling is left alone: it has no switch.

use anyhow::{Context, Result};
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, ReturnType, Stmt, Type, UnOp};

/// A place and what a mutant has there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Bytes of the file.
    pub range: Range<usize>,
    pub line: usize,
    /// What is there.
    old: String,
    /// The first of its lines.
    within: String,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Another expression.
    Instead(String),
    /// Another number.
    Number(String),
    /// The statement is left out.
    Without,
    /// Other statements.
    Statements(String),
    /// The function returns this at once.
    Return(String),
}

impl Site {
    /// Statements that stand in `text` once.
    pub fn statements(text: &str, old: &str, new: &str) -> Option<Self> {
        let at = text.find(old)?;
        let kind = Kind::Statements(new.to_owned());
        let once = text.matches(old).count() == 1;
        once.then(|| Self::new(text, at..at + old.len(), old.to_owned(), kind))
    }

    fn new(text: &str, range: Range<usize>, old: String, kind: Kind) -> Self {
        let line = text[..range.start].matches('\n').count();
        let within = text.lines().nth(line).unwrap_or_default().trim().to_owned();
        Self {
            range,
            line: line + 1,
            old,
            within,
            kind,
        }
    }

    /// Of a number: many are capacities and tuning that no contract fixes.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Number(_))
    }

    pub fn replaces(&self, old: &str) -> bool {
        self.old == old
    }

    /// The source at this place with a switch in it.
    pub fn switched(&self, switch: &str) -> String {
        let old = &self.old;
        match &self.kind {
            Kind::Instead(new) | Kind::Number(new) => {
                format!("(if {switch} {{ {new} }} else {{ {old} }})")
            }
            Kind::Without => format!("if !{switch} {{ {old} }}"),
            Kind::Statements(new) => format!("if {switch} {{ {new} }} else {{ {old} }}"),
            Kind::Return(value) => format!(" if {switch} {{ return {value}; }} "),
        }
    }

    /// The change; of a number or a name, which many lines have, with its line.
    pub fn told(&self) -> String {
        let change = self.change();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if self.is_number()
            || matches!(self.kind, Kind::Instead(_)) && self.old.chars().all(is_word)
        {
            format!("{change} in `{}`", self.within)
        } else {
            change
        }
    }

    /// In one line.
    pub fn change(&self) -> String {
        let short = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        match &self.kind {
            Kind::Instead(new) | Kind::Number(new) | Kind::Statements(new) => {
                format!("`{}` → `{}`", short(&self.old), short(new))
            }
            Kind::Without => format!("`{}` left out", short(&self.old)),
            Kind::Return(value) => format!("`fn {}` → `return {value}`", self.old),
        }
    }
}

/// All places of a file; `driver`: of the driver's.
pub fn find(text: &str, driver: bool) -> Result<Vec<Site>> {
    let file = syn::parse_file(text).context("not Rust")?;
    let mut finder = Finder {
        text,
        driver,
        found: Vec::new(),
    };
    finder.visit_file(&file);
    Ok(finder.found)
}

struct Finder<'a> {
    text: &'a str,
    driver: bool,
    found: Vec<Site>,
}

impl Finder<'_> {
    fn source(&self, part: &impl Spanned) -> &str {
        self.text.get(part.span().byte_range()).unwrap_or_default()
    }

    fn add(&mut self, part: &impl Spanned, kind: Kind) {
        let range = part.span().byte_range();
        let old = self.source(part).to_owned();
        self.found.push(Site::new(self.text, range, old, kind));
    }

    fn instead(&mut self, part: &impl Spanned, new: String) {
        self.add(part, Kind::Instead(new));
    }

    fn binary(&mut self, expr: &Expr, binary: &syn::ExprBinary) {
        let Some(other) = counterpart(&binary.op) else {
            return;
        };
        let logical = matches!(binary.op, BinOp::And(_) | BinOp::Or(_));
        if logical && has_let(expr) {
            return;
        }
        let (left, right) = (self.source(&binary.left), self.source(&binary.right));
        let new = if other.ends_with('=') && other.len() > 1 && !is_comparison(other) {
            format!("{left} {other} {right}")
        } else {
            format!("({left}) {other} ({right})")
        };
        self.instead(expr, new);
    }

    fn call(&mut self, expr: &Expr, call: &syn::ExprMethodCall) {
        let name = call.method.to_string();
        let receiver = self.source(&call.receiver).to_owned();
        if name == "clamp" {
            return self.instead(expr, receiver);
        }
        if name == "is_empty" {
            let old = self.source(expr).to_owned();
            return self.instead(expr, format!("!{old}"));
        }
        let Some(other) = other_method(&name) else {
            return;
        };
        let whole = expr.span().byte_range();
        let name = call.method.span().byte_range();
        let text = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        let (before, after) = (text(whole.start..name.start), text(name.end..whole.end));
        let new = format!("{before}{other}{after}");
        self.instead(expr, new);
    }

    fn literal(&mut self, expr: &Expr, literal: &syn::ExprLit) {
        match &literal.lit {
            Lit::Int(number) => {
                if let Ok(value) = number.base10_parse::<u128>() {
                    self.add(
                        expr,
                        Kind::Number(format!("{}{}", value + 1, number.suffix())),
                    );
                }
            }
            Lit::Bool(value) => self.instead(expr, (!value.value).to_string()),
            _ => {}
        }
    }

    /// A status instead of another one.
    fn status(&mut self, expr: &Expr, path: &syn::ExprPath) {
        const OTHER: &str = "STATUS_UNSUCCESSFUL";
        let last = path.path.segments.last();
        let name = last.map_or_else(String::new, |last| last.ident.to_string());
        if self.driver && name.starts_with("STATUS_") && name != OTHER {
            self.instead(expr, format!("arioso_core::ks::status::{OTHER}"));
        }
    }

    /// Two calls whose order may matter.
    fn order(&mut self, block: &syn::Block) {
        for pair in block.stmts.windows(2) {
            if self.driver && pair.iter().all(is_call) {
                let range = pair[0].span().byte_range().start..pair[1].span().byte_range().end;
                let [first, second] = [0, 1].map(|at| self.source(&pair[at]).to_owned());
                let old = self.text.get(range.clone()).unwrap_or_default().to_owned();
                let kind = Kind::Statements(format!("{second} {first}"));
                self.found.push(Site::new(self.text, range, old, kind));
            }
        }
    }

    /// A function's body: it may return at once.
    fn body(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if block.stmts.is_empty() {
            return;
        }
        let value = match &signature.output {
            ReturnType::Default => String::new(),
            ReturnType::Type(_, kind) => match simplest(kind) {
                Some(value) => value.to_owned(),
                None => return,
            },
        };
        let open = block.brace_token.span.open();
        let at = open.byte_range().end;
        let old = signature.ident.to_string();
        self.found
            .push(Site::new(self.text, at..at, old, Kind::Return(value)));
    }
}

fn is_call(statement: &Stmt) -> bool {
    matches!(
        statement,
        Stmt::Expr(Expr::MethodCall(_) | Expr::Call(_), Some(_))
    )
}

fn is_comparison(operator: &str) -> bool {
    matches!(operator, "<=" | ">=" | "==" | "!=")
}

fn counterpart(operator: &BinOp) -> Option<&'static str> {
    Some(match operator {
        BinOp::Lt(_) => "<=",
        BinOp::Le(_) => "<",
        BinOp::Gt(_) => ">=",
        BinOp::Ge(_) => ">",
        BinOp::Eq(_) => "!=",
        BinOp::Ne(_) => "==",
        BinOp::And(_) => "||",
        BinOp::Or(_) => "&&",
        BinOp::Add(_) => "-",
        BinOp::Sub(_) => "+",
        BinOp::Mul(_) => "/",
        BinOp::Div(_) => "*",
        BinOp::Rem(_) => "/",
        BinOp::BitAnd(_) => "|",
        BinOp::BitOr(_) => "&",
        BinOp::BitXor(_) => "|",
        BinOp::Shl(_) => ">>",
        BinOp::Shr(_) => "<<",
        BinOp::AddAssign(_) => "-=",
        BinOp::SubAssign(_) => "+=",
        BinOp::MulAssign(_) => "/=",
        BinOp::BitAndAssign(_) => "|=",
        BinOp::BitOrAssign(_) => "&=",
        BinOp::BitXorAssign(_) => "|=",
        _ => return None,
    })
}

fn other_method(name: &str) -> Option<&'static str> {
    Some(match name {
        "min" => "max",
        "max" => "min",
        "wrapping_add" => "wrapping_sub",
        "wrapping_sub" => "wrapping_add",
        "saturating_add" => "saturating_sub",
        "saturating_sub" => "saturating_add",
        "checked_add" => "checked_sub",
        "checked_sub" => "checked_add",
        "is_some" => "is_none",
        "is_none" => "is_some",
        "is_ok" => "is_err",
        "is_err" => "is_ok",
        "is_some_and" => "is_none_or",
        "is_none_or" => "is_some_and",
        "any" => "all",
        "all" => "any",
        "first" => "last",
        "last" => "first",
        // `last` would take an iterator away that is used behind it.
        "next" => "by_ref().last",
        "next_back" => "next",
        _ => return None,
    })
}

/// The value that is easiest returned.
fn simplest(kind: &Type) -> Option<&'static str> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    Some(match last.ident.to_string().as_str() {
        "bool" => "false",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "u128" => {
            "0"
        }
        "f32" | "f64" => "0.0",
        "Option" => "None",
        _ => return None,
    })
}

/// A condition with a pattern in it.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// Of a statement.
fn attributes(expr: &Expr) -> &[syn::Attribute] {
    match expr {
        Expr::Call(call) => &call.attrs,
        Expr::MethodCall(call) => &call.attrs,
        Expr::Assign(assign) => &assign.attrs,
        Expr::Block(block) => &block.attrs,
        _ => &[],
    }
}

/// `#[cfg(…)]` of tests, of models, of other machines.
fn is_conditional(attributes: &[syn::Attribute]) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg"))
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_conditional(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if item.sig.constness.is_none() && !is_conditional(&item.attrs) {
            self.body(&item.sig, &item.block);
            self.visit_block(&item.block);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if item.sig.constness.is_none() && !is_conditional(&item.attrs) {
            self.body(&item.sig, &item.block);
            self.visit_block(&item.block);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let shown = item.trait_.as_ref().is_some_and(|(path, _)| {
            path.segments
                .last()
                .is_some_and(|last| last.ident == "Debug")
        });
        if !shown && !is_conditional(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.order(block);
        visit::visit_block(self, block);
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if let Stmt::Expr(expr, Some(_)) = statement {
            if is_conditional(attributes(expr)) {
                return;
            }
            let is_dropped = match expr {
                Expr::MethodCall(_) | Expr::Call(_) => true,
                // A name alone may be one that gets its value here.
                Expr::Assign(assign) => !matches!(*assign.left, Expr::Path(_)),
                _ => false,
            };
            if is_dropped {
                self.add(statement, Kind::Without);
            }
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        match expr {
            Expr::Binary(binary) => self.binary(expr, binary),
            Expr::MethodCall(call) => self.call(expr, call),
            Expr::Lit(literal) => self.literal(expr, literal),
            Expr::Path(path) => self.status(expr, path),
            Expr::Unary(unary) if !matches!(unary.op, UnOp::Deref(_)) => {
                let operand = self.source(&unary.expr).to_owned();
                self.instead(expr, operand);
            }
            Expr::If(branch) => {
                let plain = matches!(
                    *branch.cond,
                    Expr::Path(_) | Expr::Field(_) | Expr::MethodCall(_) | Expr::Call(_)
                );
                if plain {
                    let condition = self.source(&branch.cond).to_owned();
                    self.instead(&branch.cond, format!("!({condition})"));
                }
            }
            _ => {}
        }
        visit::visit_expr(self, expr);
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_item_struct(&mut self, _: &'ast syn::ItemStruct) {}
    fn visit_item_trait(&mut self, _: &'ast syn::ItemTrait) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(text: &str) -> Vec<String> {
        find(text, false)
            .unwrap()
            .iter()
            .map(Site::change)
            .collect()
    }

    #[test]
    fn operators_calls_numbers_and_statements() {
        let found = changes("fn f(a: u32) -> bool { g(a); self.x = a; a.min(3) < 8u32 && !b }");
        assert_eq!(
            found,
            [
                "`fn f` → `return false`",
                "`g(a);` left out",
                "`self.x = a;` left out",
                "`a.min(3) < 8u32 && !b` → `(a.min(3) < 8u32) || (!b)`",
                "`a.min(3) < 8u32` → `(a.min(3)) <= (8u32)`",
                "`a.min(3)` → `a.max(3)`",
                "`3` → `4`",
                "`8u32` → `9u32`",
                "`!b` → `b`",
            ]
        );
    }

    #[test]
    fn what_is_computed_while_compiling_is_left_alone() {
        let text = "const A: u32 = 1 + 2; static B: [u8; 3] = [1; 3]; const fn f() -> u32 { 1 + 2 }
            #[cfg(test)] mod tests { fn g() { h(1) } } fn i(x: [u8; 4]) { match x[0] { 1..=2 => {} _ => {} } }";
        assert_eq!(changes(text), ["`fn i` → `return `", "`0` → `1`"]);
    }

    #[test]
    fn the_driver_has_statuses_and_an_order() {
        let text = "fn f() -> Result { drop(a); drop(b); Err(STATUS_NOT_FOUND) }";
        let found: Vec<String> = find(text, true).unwrap().iter().map(Site::change).collect();
        assert_eq!(
            found,
            [
                "`drop(a); drop(b);` → `drop(b); drop(a);`",
                "`drop(a);` left out",
                "`drop(b);` left out",
                "`STATUS_NOT_FOUND` → `arioso_core::ks::status::STATUS_UNSUCCESSFUL`",
            ]
        );
    }

    #[test]
    fn what_is_for_another_build_is_left_alone() {
        let text = "fn f() { #[cfg(feature = \"planted\")] g(1 + 2); #[cfg(test)] a.h(); }";
        assert_eq!(changes(text), ["`fn f` → `return `"]);
    }

    /// What takes its receiver away would be an error wherever that is used next.
    #[test]
    fn an_iterator_is_there_behind_its_last_item() {
        let found = changes("fn f() -> u8 { a.next() + a.next_back() }");
        let ends = [
            "`a.next()` → `a.by_ref().last()`",
            "`a.next_back()` → `a.next()`",
        ];
        assert!(
            ends.iter()
                .all(|end| found.iter().any(|change| change == end))
        );
    }

    #[test]
    fn a_pattern_stays_a_condition() {
        let found = changes("fn f() { if let Some(x) = y && x > z { x += z; } }");
        assert_eq!(
            found,
            [
                "`fn f` → `return `",
                "`x > z` → `(x) >= (z)`",
                "`x += z` → `x -= z`"
            ]
        );
    }

    #[test]
    fn a_number_is_told_with_its_line() {
        let text = "fn f() -> u64 {\n    g(!h, 3, false)\n}";
        let told: Vec<_> = find(text, false).unwrap().iter().map(Site::told).collect();
        let expected = [
            "`fn f` → `return 0`",
            "`!h` → `h`",
            "`3` → `4` in `g(!h, 3, false)`",
            "`false` → `true` in `g(!h, 3, false)`",
        ];
        assert_eq!(told, expected);
    }

    /// Every switched source is Rust again.
    #[test]
    fn a_switch_is_an_expression() {
        let text = "fn f(a: u32) { if a < 3 { return g(a + 1); } h(&a, !a); }";
        for site in find(text, true).unwrap() {
            let mut switched = text.to_owned();
            switched.replace_range(site.range.clone(), &site.switched("is(1)"));
            syn::parse_file(&switched).unwrap_or_else(|error| panic!("{switched}: {error}"));
        }
    }
}
