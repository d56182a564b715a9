//! MessagePack bytes, read one value after the other without a tree of them.

/// A place in MessagePack bytes. Copies of it are other looks at the same bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
}

/// What stands at a place: a value, or how many of them follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Token<'b> {
    Nil,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// Perhaps not UTF-8.
    Text(&'b [u8]),
    Bytes(&'b [u8]),
    List(usize),
    /// So many pairs of a key and a value.
    Map(usize),
    Extension(i8, &'b [u8]),
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// At the beginning of `bytes`, if they are one whole value and nothing else.
    pub(crate) fn whole(bytes: &'b [u8]) -> Option<Self> {
        let (start, mut end) = (Self::new(bytes), Self::new(bytes));
        end.skip()?;
        end.is_at_end().then_some(start)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads what stands here; `None` when it is cut or no MessagePack.
    pub(crate) fn next(&mut self) -> Option<Token<'b>> {
        Some(match self.byte()? {
            whole @ 0..=0x7f => Token::Unsigned(whole.into()),
            head @ 0x80..=0x8f => Token::Map(usize::from(head & 0x0f)),
            head @ 0x90..=0x9f => Token::List(usize::from(head & 0x0f)),
            head @ 0xa0..=0xbf => Token::Text(self.take(usize::from(head & 0x1f))?),
            0xc0 => Token::Nil,
            0xc2 => Token::Boolean(false),
            0xc3 => Token::Boolean(true),
            head @ 0xc4..=0xc6 => Token::Bytes(self.sized(head - 0xc4)?),
            head @ 0xc7..=0xc9 => {
                let length = self.length(head - 0xc7)?;
                self.extension(length)?
            }
            0xca => Token::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Token::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Token::Unsigned(self.byte()?.into()),
            0xcd => Token::Unsigned(u16::from_be_bytes(self.array()?).into()),
            0xce => Token::Unsigned(u32::from_be_bytes(self.array()?).into()),
            0xcf => Token::Unsigned(u64::from_be_bytes(self.array()?)),
            0xd0 => Token::Signed(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Token::Signed(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Token::Signed(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Token::Signed(i64::from_be_bytes(self.array()?)),
            head @ 0xd4..=0xd8 => self.extension(1 << (head - 0xd4))?,
            head @ 0xd9..=0xdb => Token::Text(self.sized(head - 0xd9)?),
            head @ 0xdc..=0xdd => Token::List(self.length(head - 0xdc + 1)?),
            head @ 0xde..=0xdf => Token::Map(self.length(head - 0xde + 1)?),
            negative @ 0xe0.. => Token::Signed(i64::from(negative as i8)),
            0xc1 => return None,
        })
    }

    /// Passes over one value with everything in it.
    pub(crate) fn skip(&mut self) -> Option<()> {
        let mut left: usize = 1;
        while left > 0 {
            left -= 1;
            left = match self.next()? {
                Token::List(len) => left.checked_add(len)?,
                Token::Map(len) => left.checked_add(len.checked_mul(2)?)?,
                _ => left,
            };
        }
        Some(())
    }

    /// The fields of a map standing here, each with the place of its value; none when there is no map. Those with another
    /// key than a text are passed over.
    pub(crate) fn fields(mut self) -> impl Iterator<Item = (&'b [u8], Self)> {
        let mut left = match self.next() {
            Some(Token::Map(len)) => len,
            _ => 0,
        };
        std::iter::from_fn(move || {
            while left > 0 {
                left -= 1;
                let mut key = self;
                self.skip()?;
                let value = self;
                self.skip()?;
                if let Token::Text(key) = key.next()? {
                    return Some((key, value));
                }
            }
            None
        })
    }

    /// The place of the value that a map standing here has for a key; the first, if it has several.
    pub(crate) fn field(self, key: &str) -> Option<Self> {
        self.fields().find_map(|(name, value)| (name == key.as_bytes()).then_some(value))
    }

    /// How many values follow, if a list stands here.
    pub(crate) fn list(&mut self) -> Option<usize> {
        match self.next()? {
            Token::List(len) => Some(len),
            _ => None,
        }
    }

    pub(crate) fn text(mut self) -> Option<&'b str> {
        match self.next()? {
            Token::Text(text) => std::str::from_utf8(text).ok(),
            _ => None,
        }
    }

    /// A whole number, also one that is written as a float.
    pub(crate) fn whole_number(mut self) -> Option<u64> {
        match self.next()? {
            Token::Unsigned(whole) => Some(whole),
            Token::Float(float) if float.fract() == 0.0 && float >= 0.0 => Some(float as u64),
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    /// A length of one, two or four bytes.
    fn length(&mut self, width: u8) -> Option<usize> {
        Some(match width {
            0 => self.byte()?.into(),
            1 => u16::from_be_bytes(self.array()?).into(),
            _ => u32::from_be_bytes(self.array()?) as usize,
        })
    }

    fn sized(&mut self, width: u8) -> Option<&'b [u8]> {
        let length = self.length(width)?;
        self.take(length)
    }

    fn extension(&mut self, length: usize) -> Option<Token<'b>> {
        let kind = self.byte()? as i8;
        Some(Token::Extension(kind, self.take(length)?))
    }
}
