//! The two declarations.

/// Declares a struct of options. A field is its meaning (a doc comment), name and type, then in this order `= default`,
/// `, range` (see [`range`](mod@crate::range)) and `=> "words"`, which stand for the default in documentation. A field
/// without a default has to be written, and its words say what to do. `check` after the struct names a function
/// `fn(&Self) -> Result<()>` for what concerns several options, whose fault has a [`Place::key`] in this struct.
///
/// Options that several structs have stand in a struct of their own: `with name: Type;` before the fields makes them fields of
/// the table as if they stood here.
///
/// `#[since = "version"]` after the meaning says that tables were frozen before there was the option: at its default it is
/// left out of what is written, so that those tables, and ids that hash them, stay as they are.
///
/// It yields the struct, [`Options`](trait@crate::Options), and `Default` where every field has a default.
///
/// [`Place::key`]: cloze_foundation::Place::key
#[macro_export]
macro_rules! options {
    (
        $(#[$attribute:meta])*
        $visible:vis struct $name:ident {
            $(with $group_shown:vis $group:ident: $group_type:ty;)*
            $(
                $(#[doc = $meaning:literal])+
                $(#[since = $since:literal])?
                $shown:vis $field:ident: $type:ty $(= $default:expr)? $(, $range:expr)? $(=> $words:literal)?;
            )*
        }
        $(check $check:expr)?
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq)]
        $visible struct $name {
            $(
                #[doc = "Options that others have too."]
                $group_shown $group: $group_type,
            )*
            $($(#[doc = $meaning])+ $shown $field: $type,)*
        }

        impl $crate::Options for $name {
            fn fields() -> Vec<$crate::Field> {
                let groups: Vec<Vec<$crate::Field>> = vec![$(<$group_type as $crate::Options>::fields()),*];
                let own = vec![$(
                    $crate::Field {
                        name: stringify!($field),
                        meaning: concat!($($meaning),+).trim().to_owned(),
                        kind: <$type as $crate::OptionType>::kind($crate::__range!($($range)?)),
                        usual: $crate::__usual!($type, [$($default)?], [$($words)?]),
                        since: $crate::__since!($($since)?),
                    }
                ),*];
                groups.into_iter().flatten().chain(own).collect()
            }

            fn names() -> Vec<&'static str> {
                let groups: Vec<Vec<&'static str>> = vec![$(<$group_type as $crate::Options>::names()),*];
                groups.into_iter().flatten().chain([$(stringify!($field)),*]).collect()
            }

            fn read_among(written: &$crate::Written<'_>) -> $crate::foundation::Result<Self> {
                let read = Self {
                    $($group: <$group_type as $crate::Options>::read_among(written)?,)*
                    $($field: $crate::read_member::<$type>(
                        written,
                        stringify!($field),
                        $crate::__range!($($range)?),
                        $crate::__default!($($default)?),
                        concat!("", $($words)?),
                    )?,)*
                };
                $(
                    let check: fn(&Self) -> $crate::foundation::Result<()> = $check;
                    check(&read).map_err(|fault| written.locate(fault))?;
                )?
                Ok(read)
            }

            fn write(&self) -> $crate::toml::Table {
                let mut table = $crate::toml::Table::new();
                $(table.extend($crate::Options::write(&self.$group));)*
                $(
                    let is_left_out = $crate::__is_left_out!(self.$field, $type, [$($since)?], [$($default)?]);
                    if let Some(value) = $crate::OptionType::write(&self.$field).filter(|_| !is_left_out) {
                        table.insert(stringify!($field).to_owned(), value);
                    }
                )*
                table
            }
        }

        $crate::__defaults!($name: [$($group)*] $($field [$($default)?])*);
    };
}

/// Declares an enum of words: its values with their meanings (doc comments) and the words that stand for them in files.
///
/// It yields the enum, [`Words`](trait@crate::Words), [`OptionType`](trait@crate::OptionType), `Display` and serde by
/// the word.
#[macro_export]
macro_rules! words {
    (
        $(#[$attribute:meta])*
        $visible:vis enum $name:ident {
            $(
                $(#[doc = $meaning:literal])+
                $value:ident = $word:literal,
            )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visible enum $name {
            $($(#[doc = $meaning])+ $value,)+
        }

        impl $crate::Words for $name {
            const ALL: &'static [Self] = &[$(Self::$value),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }

            fn meaning(self) -> String {
                match self {
                    $(Self::$value => concat!($($meaning),+),)+
                }
                .trim()
                .to_owned()
            }
        }

        $crate::word_options!($name);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::Words::name(*self))
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::Words::name(*self))
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let word = <String as $crate::serde::Deserialize>::deserialize(deserializer)?;
                let found = <Self as $crate::Words>::ALL.iter().copied().find(|known| $crate::Words::name(*known) == word);
                found.ok_or_else(|| {
                    $crate::serde::de::Error::custom(format!(
                        "unknown {} `{word}`, expected one of {}",
                        stringify!($name),
                        <Self as $crate::Words>::names().join(", ")
                    ))
                })
            }
        }
    };
}

/// Makes an enum that has [`Words`](trait@crate::Words) already the type of an option.
#[macro_export]
macro_rules! word_options {
    ($name:ident) => {
        impl $crate::OptionType for $name {
            fn read(written: &$crate::Written<'_>, _range: $crate::Range) -> $crate::foundation::Result<Self> {
                written
                    .word(&<Self as $crate::Words>::names())
                    .map(|place| <Self as $crate::Words>::ALL[place])
            }

            fn write(&self) -> Option<$crate::toml::Value> {
                Some($crate::Words::name(*self).into())
            }

            fn kind(_range: $crate::Range) -> $crate::Kind {
                $crate::Kind::words::<Self>()
            }
        }
    };
}

/// The range of a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __range {
    () => {
        $crate::range::any()
    };
    ($range:expr) => {{
        #[allow(unused_imports, reason = "most ranges begin with one of these")]
        use $crate::range::{above, any, from};
        $range
    }};
}

/// The default of a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __default {
    () => {
        None
    };
    ($default:expr) => {
        Some($default)
    };
}

/// What documentation says of the default of a field.
#[doc(hidden)]
#[macro_export]
macro_rules! __usual {
    ($type:ty, [], [$($words:literal)?]) => {
        $crate::Usual::Required
    };
    ($type:ty, [$default:expr], [$words:literal]) => {
        $crate::Usual::Words($words)
    };
    ($type:ty, [$default:expr], []) => {{
        let default: $type = $default;
        $crate::OptionType::write(&default).map_or($crate::Usual::Words("none"), $crate::Usual::Value)
    }};
}

/// The version that a field came with, if tables were frozen before.
#[doc(hidden)]
#[macro_export]
macro_rules! __since {
    () => {
        None
    };
    ($since:literal) => {
        Some($since)
    };
}

/// Whether a field is left out of what is written: at its default, if tables were frozen before there was one.
#[doc(hidden)]
#[macro_export]
macro_rules! __is_left_out {
    ($value:expr, $type:ty, [], [$($default:expr)?]) => {
        false
    };
    ($value:expr, $type:ty, [$since:literal], [$default:expr]) => {{
        let default: $type = $default;
        $value == default
    }};
}

/// `Default`, if every field has a default.
#[doc(hidden)]
#[macro_export]
macro_rules! __defaults {
    ($name:ident: [$($group:ident)*] $($field:ident [$default:expr])*) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $($group: Default::default(),)* $($field: $default,)* }
            }
        }
    };
    ($name:ident: $($rest:tt)*) => {};
}
