//! The paradigms of minimal pairs, as templates: a template fixes a construction and its one contrast, everything else
//! is drawn from the lexicon and the grammar.
//!
//! A template's tokens: `{ good | bad }` is the contrast; a name of the grammar is expanded by it; `<class.form>` is a
//! frequent word, the same lexeme wherever the same digit follows the class (`<act1.s>`); `x:a/b` is `a` or `b` as the
//! variable `x` says. Variables: `N` is a number and `M` the other one, `G` a gender (`m` or `f`) and `F` the other one;
//! `?` is drawn afresh.
//!
//! Pairs are made in twos that mirror each other: the two templates of a paradigm with the same words, or its only
//! template with both numbers and both genders swapped. The words of the contrast change sides from one to the other, so a
//! paradigm's templates have to put them where they are spelt alike: both at the beginning of the sentence, or neither.

/// Minimal pairs of one make: where the two sentences differ, and what that tests.
pub struct Paradigm {
    /// The phenomenon it belongs to.
    pub phenomenon: &'static str,
    /// Its own name.
    pub name: &'static str,
    /// One that mirrors itself when its variables are swapped, or two that mirror each other.
    pub templates: &'static [&'static str],
}

const fn paradigm(phenomenon: &'static str, name: &'static str, templates: &'static [&'static str]) -> Paradigm {
    Paradigm {
        phenomenon,
        name,
        templates,
    }
}

/// Every paradigm, those of a phenomenon side by side.
pub const PARADIGMS: &[Paradigm] = &[
    paradigm(
        "determiner-noun",
        "demonstrative",
        &["{ N:this/these | M:this/these } <adjective> <t.N> <happen.past> ."],
    ),
    paradigm(
        "determiner-noun",
        "noun-form",
        &["the <e.M> <act.past> N:that/those <adjective> { <t1.N> | <t1.M> } ."],
    ),
    paradigm("agreement", "be", &["the <e.N> { N:is/are | M:is/are } <adjective> ."]),
    paradigm(
        "agreement",
        "have",
        &["the <e.N> { N:has/have | M:has/have } <act.part> Object[0,+] ."],
    ),
    paradigm(
        "agreement",
        "verb",
        &["the <e.N> { <act1.N> | <act1.M> } Object[0,+] ."],
    ),
    paradigm(
        "agreement-attractor",
        "be",
        &["the <e.N> Preposition the <t.M> Adverb { N:is/are | M:is/are } <adjective> ."],
    ),
    paradigm(
        "agreement-attractor",
        "verb",
        &["the <e.N> Preposition the <t.M> Adverb { <act1.N> | <act1.M> } Object[0,+] ."],
    ),
    paradigm(
        "agreement-relative",
        "across-object-relative",
        &["the <e.N> ?:who/who/that the <e.M> <act.M> { N:is/are | M:is/are } <adjective> ."],
    ),
    paradigm(
        "agreement-relative",
        "across-subject-relative",
        &["the <e.N> ?:who/who/that <act.past> the <t.M> Adverb { <move1.N> | <move1.M> } ."],
    ),
    paradigm(
        "agreement-in-relative",
        "subject-relative",
        &["the <e.N> who { <act1.N> | <act1.M> } the <t.M> <move.past> ."],
    ),
    paradigm(
        "coordination",
        "plural",
        &[
            "the <e.s> and the <e.s> Adverb { <act1.p> | <act1.s> } Object[0,+] .",
            "the <e.s> Preposition the <e.s> Adverb { <act1.s> | <act1.p> } Object[0,+] .",
        ],
    ),
    paradigm(
        "reflexive",
        "gender",
        &["the <G.s> <act.past> { G:himself/herself | F:himself/herself } ."],
    ),
    paradigm(
        "reflexive",
        "number",
        &[
            "the <G.p> <act.past> { themselves | G:himself/herself } .",
            "the <G.s> <act.past> { G:himself/herself | themselves } .",
        ],
    ),
    paradigm(
        "reflexive-distant",
        "over-phrase",
        &["the <G.s> Preposition the <F.s> <act.past> { G:himself/herself | F:himself/herself } ."],
    ),
    paradigm(
        "reflexive-distant",
        "over-relative",
        &["the <G.s> who the <F.s> <act.past> <act.past> { G:himself/herself | F:himself/herself } ."],
    ),
    paradigm(
        "licensing",
        "ever",
        &[
            "{ no | some } <adjective> <e.N> N:has/have ever <act.part> Object[0,-] .",
            "{ some | no } <adjective> <e.N> N:has/have already <act.part> <name-m> .",
        ],
    ),
    paradigm(
        "licensing",
        "any",
        &[
            "the <e.N> N:does/do not <act.base> { any | some } <adjective> <t.M> .",
            "the <e.N> Modal Adverb <act.base> { some | any } <adjective> <t.M> .",
        ],
    ),
    paradigm(
        "licensing-scope",
        "ever-already",
        &[
            "{ no <e1.N> who the <e2.M> | the <e1.N> who no <e2.M> } <act.M> N:has/have ever <move.part> .",
            "{ the <e1.N> who no <e2.M> | no <e1.N> who the <e2.M> } <act.M> N:has/have already <move.part> .",
        ],
    ),
    paradigm(
        "filler-gap",
        "that-what",
        &[
            "the <e.N> <know.past> { that | what } the <e.M> <act.past> the <t.N> .",
            "the <e.N> <know.past> { what | that } the <e.M> <act.past> near the <t.N> .",
        ],
    ),
    paradigm(
        "argument-structure",
        "transitive",
        &[
            "the <e.N> { <act1.past> | <move2.past> } the <t.M> .",
            "the <e.N> { <move2.past> | <act1.past> } near the <t.M> .",
        ],
    ),
    paradigm(
        "argument-structure",
        "double-object",
        &[
            "the <e.N> { <give1.past> | <act2.past> } the <e.M> the <t.s> .",
            "the <e.N> { <act2.past> | <give1.past> } the <e.M> near the <t.s> .",
        ],
    ),
    paradigm(
        "argument-structure",
        "clause",
        &[
            "the <e.N> { <say1.past> | <act2.past> } that the <e.M> <move.past> .",
            "the <e.N> { <act2.past> | <say1.past> } the <t.M> .",
        ],
    ),
    paradigm(
        "irregular-forms",
        "past-participle",
        &[
            "the <e.N> N:has/have Adverb { <act1.part> | <act1.past> } Object[0,+] .",
            "the <e.N> Adverb { <act1.past> | <act1.part> } Object[0,+] .",
        ],
    ),
    paradigm(
        "auxiliary",
        "form",
        &[
            "the <e.N> N:is/are Adverb { <act1.ing> | <act1.base> } Object[0,+] .",
            "the <e.N> Modal Adverb { <act1.base> | <act1.ing> } Object[0,+] .",
        ],
    ),
    paradigm(
        "case",
        "pronoun",
        &[
            "the <e.M> <say.past> that { G:he/she | G:him/her } <act.past> the <t.N> .",
            "the <e.N> <act.past> { G:him/her | G:he/she } .",
        ],
    ),
    paradigm(
        "animacy",
        "verb",
        &[
            "the <e.N> Adverb { <move1.past> | <happen2.past> } .",
            "the <t.N> Adverb { <happen2.past> | <move1.past> } .",
        ],
    ),
];
