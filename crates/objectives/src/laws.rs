//! Laws that objectives share: how many, which, and what replaces them.
// helper E: rate schedules (a number, or { from, to, shape }), token selection, span law, replacement law
