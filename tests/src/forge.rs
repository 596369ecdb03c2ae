//! Things that no library makes: odd keys, odd signatures, odd texts.
