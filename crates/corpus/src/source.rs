//! Where documents come from: the built-in language; text, JSONL, gzip; a file, a folder, a glob.
// helper A
