//! The frequent words, real English ones, most frequent first. The lexicon's tails are formed by rule (see `lexicon`).
//! Nouns and adjectives begin with a consonant, so that `a` never has to be `an`.

/// Words by class, most frequent first; a class that is absent has only words formed by rule.
pub type Words = &'static [(&'static str, &'static str)];

/// Words of every topic.
pub const COMMON: Words = &[
    (
        "m",
        "boy man king father brother son prince husband duke monk knight wizard",
    ),
    (
        "f",
        "girl woman queen mother sister daughter princess wife duchess nun witch lady",
    ),
    (
        "e",
        "child teacher friend student writer worker neighbour leader guest stranger thief poet",
    ),
    (
        "t",
        "book house car box table letter door window picture garden road river bridge bag coin key knife shelf",
    ),
    (
        "adjective",
        "new big young small good strange famous quiet tired happy brave sad clever poor rich gentle proud lazy",
    ),
    (
        "manner",
        "quickly slowly carefully quietly badly calmly happily firmly warmly bravely sadly gently proudly lazily",
    ),
    ("move", "sleep laugh smile wait dance talk walk swim weep travel"),
    (
        "act",
        "see take like help draw watch find choose steal hide love follow meet throw shake hear praise visit push tear",
    ),
    ("give", "give send show lend bring sell promise teach"),
    ("say", "say think believe claim hope insist pretend complain"),
    ("know", "know forget remember learn discover guess understand notice"),
    ("happen", "fall rise vanish appear shine burn sink shrink"),
];

/// The names of the topics, in the order of [`TOPICS`].
pub const TOPIC_NAMES: [&str; TOPICS.len()] = [
    "farm", "sea", "music", "medicine", "kitchen", "court", "travel", "science",
];

/// Words of each topic.
pub const TOPICS: &[Words] = &[
    // farm
    &[
        (
            "t",
            "field horse barn fence cow tractor seed plough wolf goose hen wagon",
        ),
        ("e", "farmer shepherd gardener villager"),
        ("adjective", "muddy green fertile rural"),
        ("act", "feed grow plant shear"),
        ("move", "kneel"),
    ],
    // sea
    &[
        ("t", "ship boat wave sail rope shell net harbour whale reef mast beach"),
        ("e", "sailor captain diver pirate"),
        ("adjective", "salty deep stormy wet"),
        ("act", "hold rescue catch"),
        ("move", "float"),
    ],
    // music
    &[
        (
            "t",
            "song guitar drum piano flute melody concert trumpet choir violin rhythm stage",
        ),
        ("e", "singer drummer pianist composer"),
        ("adjective", "loud tuneful musical deaf"),
        ("act", "record admire hire"),
        ("move", "sing"),
    ],
    // medicine
    &[
        (
            "t",
            "pill wound bandage fever scalpel tooth foot hospital bone needle bed vaccine",
        ),
        ("e", "doctor patient surgeon dentist"),
        ("adjective", "sick healthy pale feverish"),
        ("act", "treat heal infect wash"),
        ("move", "cough"),
    ],
    // kitchen
    &[
        ("t", "cake soup plate pan loaf pepper spoon pie bowl recipe kettle pot"),
        ("e", "baker chef butcher grocer"),
        ("adjective", "hot sweet fresh tasty"),
        ("act", "eat bake taste boil"),
        ("move", "yawn"),
    ],
    // court
    &[
        (
            "t",
            "law crime prison verdict contract debt jury case trial tax fine witness",
        ),
        ("e", "lawyer prisoner sheriff banker"),
        ("adjective", "guilty legal strict wealthy"),
        ("act", "accuse defend blame pay"),
        ("move", "confess"),
    ],
    // travel
    &[
        (
            "t",
            "train plane map ticket hotel station suitcase taxi mountain passport tent valley",
        ),
        ("e", "tourist driver pilot passenger"),
        ("adjective", "long foreign distant scenic"),
        ("act", "drive ride leave greet"),
        ("move", "fly"),
    ],
    // science
    &[
        (
            "t",
            "theory robot machine planet cell laser mouse battery result rocket telescope lens",
        ),
        ("e", "scientist professor chemist researcher"),
        ("adjective", "modern precise complex magnetic"),
        ("act", "write test measure repair"),
        ("move", "speak"),
    ],
];

/// Given names and places that are frequent.
pub const NAMES: Words = &[
    (
        "name-m",
        "john peter david paul henry george martin robert simon thomas",
    ),
    ("name-f", "mary anna susan julia helen laura sarah clara emma alice"),
    ("place", "london paris rome berlin madrid vienna dublin oslo"),
    ("organisation", "interpol unesco greenpeace oxfam"),
];
