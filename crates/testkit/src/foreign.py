# Writes lists with Python's csv, spoils some, and reads them again. See foreign.rs.
import csv, io, json, random, re, sys

WORDS = ["Ada", "Jürgen", "Łukasz", "山田", "O'Hara", "x, y", "a;b", "t\tab", "p|q", 'say "hi"', "", " ", "two\nlines",
         "two\r\nlines", "two\rlines", "=1+1", "-5", "null", "0042", "ends\"", "\"starts", "'single'", "\\", "\\\"",
         "“smart”", "e\u0301", "👩‍🔬", "#note", "a" * 300, "Иван Жуков", "Ελένη", "יוסף", "محمد", "อรทัย", "김민준", "王小明"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "windows-1252"]
# The label that affected.toml has, and Python's own name.
PYTHON = {
    "windows-1252": "cp1252", "windows-1250": "cp1250", "windows-1251": "cp1251", "windows-1253": "cp1253",
    "windows-1254": "cp1254", "windows-1255": "cp1255", "windows-1256": "cp1256", "windows-1257": "cp1257",
    "windows-1258": "cp1258", "windows-874": "cp874", "iso-8859-2": "iso8859-2", "iso-8859-5": "iso8859-5",
    "iso-8859-7": "iso8859-7", "iso-8859-15": "iso8859-15", "koi8-r": "koi8-r", "koi8-u": "koi8-u",
    "ibm866": "cp866", "macintosh": "mac-roman", "shift_jis": "cp932", "euc-jp": "euc-jp", "gbk": "gbk",
    "gb18030": "gb18030", "big5": "big5hkscs", "euc-kr": "cp949",
}


# What nothing but a damage refuses: no name has a control character.
NAMES = [word for word in WORDS if not re.search("[\t\r\n]", word)]


def table(r, names):
    return [["id", "email", "name", "note"]] + [
        [f"C{i}", f"p{i}@people.example", r.choice(names), " ".join(r.choice(WORDS) for _ in range(r.randint(0, 2)))]
        for i in range(1, r.randint(2, 9))]


def written(r, rows, delimiter, end):
    quoting = r.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    # Python quotes the line end that it writes and no other, and then reads two rows.
    if any("\r" in cell or "\n" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


def read(text, delimiter):
    """Returns the records that are not empty, the physical line where each starts, and whether all were read, or on
    which line it ended."""
    # Records are told apart as RFC 4180 has them: a line end within quotes belongs to its cell.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, starts, before = [], [], 0
    try:
        for row in reader:
            if row:
                rows.append(row)
                starts.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        starts.append(before + 1)
        return rows, starts, False, reader.line_num if "expected after" in str(error) else None
    return rows, starts, True, None


def having(text, sign):
    """Returns the physical lines that have this sign."""
    return [i for i, line in enumerate(re.split("\r\n|\r|\n", text), 1) if sign in line]


def alike(one, other):
    """Returns how many items are the same at the start of both."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def line_of(text, i):
    """Returns the physical line of the place i; between the two halves of a line end, that line."""
    return 1 + len(re.findall("\r\n|\r|\n", text[:i - 1] if text[i - 1:i + 1] == "\r\n" else text[:i]))


def spoilt_lines(whole, text):
    """Returns the physical lines of text, which was made of whole, where it first differs and where it last does."""
    start = alike(whole, text)
    end = min(alike(whole[::-1], text[::-1]), min(len(whole), len(text)) - start)
    return line_of(text, start), line_of(text, len(text) - end)


def at(r, text, what):
    i = r.randint(0, len(text))
    return text[:i] + what + text[i:]


def without(r, text, what):
    places = [i for i in range(len(text)) if text.startswith(what, i)]
    if not places:
        return text
    i = r.choice(places)
    return text[:i] + text[i + len(what):]


def instead(r, text, what, other):
    places = [i for i in range(len(text)) if text.startswith(what, i)]
    if not places:
        return text
    i = r.choice(places)
    return text[:i] + other + text[i + len(what):]


def lines(f):
    def spoil(r, text, d, end):
        all = text.split(end)
        f(r, all, d)
        return end.join(all)
    return spoil


def on(line):
    return lines(lambda r, all, d: all.insert(r.randint(0, len(all)), line(d)))


def above(*titles):
    return lambda r, text, d, end: "".join(title.replace(",", d) + end for title in titles) + text


def swap(r, all, d):
    i, j = r.randrange(len(all)), r.randrange(len(all))
    all[i], all[j] = all[j], all[i]


def some(r, all, change):
    i = r.randrange(len(all))
    all[i] = change(all[i])


DAMAGE = {
    "a quote more": lambda r, t, d, e: at(r, t, '"'),
    "two quotes more": lambda r, t, d, e: at(r, t, '""'),
    "a quote at the start": lambda r, t, d, e: '"' + t,
    "a quote at the end": lambda r, t, d, e: t + '"',
    "a quote less": lambda r, t, d, e: without(r, t, '"'),
    "an apostrophe for a quote": lambda r, t, d, e: instead(r, t, '"', "'"),
    "a backslash before a quote": lambda r, t, d, e: instead(r, t, '"', '\\"'),
    "smart quotes": lambda r, t, d, e: instead(r, t, '"', "“"),
    "text behind a quote": lambda r, t, d, e: instead(r, t, '"' + d, '"x' + d),
    "a space before a quote": lambda r, t, d, e: instead(r, t, d + '"', d + ' "'),
    "a space behind a quote": lambda r, t, d, e: instead(r, t, '"' + d, '" ' + d),
    "a delimiter more": lambda r, t, d, e: at(r, t, d),
    "a delimiter less": lambda r, t, d, e: without(r, t, d),
    "a comma more": lambda r, t, d, e: at(r, t, ","),
    "a semicolon more": lambda r, t, d, e: at(r, t, ";"),
    "another delimiter once": lambda r, t, d, e: instead(r, t, d, r.choice(",;\t|")),
    "another delimiter in a row": lines(lambda r, a, d: some(r, a, lambda l: l.replace(d, r.choice(",;\t|")))),
    "a delimiter behind every row": lambda r, t, d, e: t.replace(e, d + e),
    "a delimiter behind a row": lines(lambda r, a, d: some(r, a, lambda l: l + d)),
    "a delimiter before a row": lines(lambda r, a, d: some(r, a, lambda l: d + l)),
    "a row cut": lines(lambda r, a, d: some(r, a, lambda l: l[:r.randint(0, len(l))])),
    "a row doubled in itself": lines(lambda r, a, d: some(r, a, lambda l: l + l)),
    "an LF more": lambda r, t, d, e: at(r, t, "\n"),
    "a CR more": lambda r, t, d, e: at(r, t, "\r"),
    "a CRLF more": lambda r, t, d, e: at(r, t, "\r\n"),
    "two line ends more": lambda r, t, d, e: at(r, t, e + e),
    "a line end less": lambda r, t, d, e: without(r, t, e),
    "another line end once": lambda r, t, d, e: instead(r, t, e, r.choice(["\n", "\r", "\r\n"])),
    "LFCR": lambda r, t, d, e: t.replace(e, "\n\r"),
    "no line end at the end": lambda r, t, d, e: t[:len(t) - len(e)],
    "an empty line": on(lambda d: ""),
    "a line of spaces": on(lambda d: "   "),
    "a line of delimiters": on(lambda d: d * 3),
    "a line of a word": on(lambda d: "and so on"),
    "a comment": on(lambda d: "# people of October"),
    "the header once more": on(lambda d: d.join(["id", "email", "name", "note"])),
    "a closing line": lambda r, t, d, e: t + "Total: 12" + e,
    "a closing row": lambda r, t, d, e: t + f"Total{d}{d}12{d}" + e,
    "a title": above("People of October"),
    "a title with cells": above("People of October,,,"),
    "two titles": above("People of October", ""),
    "sep=": above("sep=,"),
    "rows out of order": lines(swap),
    "a row twice": lines(lambda r, a, d: a.insert(0 if len(a) < 2 else r.randrange(1, len(a)), r.choice(a))),
    "no header": lines(lambda r, a, d: a.pop(0)),
    "a column twice": lambda r, t, d, e: t.replace("name", "email", 1),
    "a column without a name": lambda r, t, d, e: t.replace("name", "", 1),
    "cut": lambda r, t, d, e: t[:r.randint(0, len(t))],
    "a NUL": lambda r, t, d, e: at(r, t, "\0"),
    "a mark in the middle": lambda r, t, d, e: at(r, t, "\ufeff"),
    "two marks": lambda r, t, d, e: "\ufeff\ufeff" + t,
    "an end of file sign": lambda r, t, d, e: t + "\x1a",
    "a form feed": lambda r, t, d, e: at(r, t, "\f"),
    "a vertical tab": lambda r, t, d, e: at(r, t, "\v"),
    "a next-line sign": lambda r, t, d, e: at(r, t, "\u0085"),
    "a line separator": lambda r, t, d, e: at(r, t, "\u2028"),
    "a no-break space": lambda r, t, d, e: at(r, t, "\u00a0"),
    "a zero-width space": lambda r, t, d, e: at(r, t, "\u200b"),
    "a wrong octet": None,
    "an octet less": None,
    "an octet more": None,
}


def spoilt_octets(r, octets, kind):
    i = r.randint(0, max(len(octets) - 1, 0))
    if kind == "an octet less":
        return octets[:i] + octets[i + 1:]
    other = bytes([r.randrange(256)])
    return octets[:i] + other + octets[i + (1 if kind == "a wrong octet" else 0):]


def one(r, is_spoilt):
    delimiter, end = r.choice(",;\t|"), r.choice(["\n", "\r\n", "\r"])
    # Where octets are spoilt, another program may take another character for them in an older encoding.
    encoding = r.choice(ENCODINGS if is_spoilt or r.random() < 0.4 else sorted(PYTHON))
    python = PYTHON.get(encoding, encoding)
    rows = table(r, NAMES if is_spoilt else WORDS)
    if encoding in PYTHON:
        rows = [[cell.encode(python, "replace").decode(python) for cell in row] for row in rows]
    whole, damage = written(r, rows, delimiter, end), ""
    text, octets = whole, None
    if is_spoilt:
        damage = r.choice(sorted(DAMAGE))
        if DAMAGE[damage]:
            text = DAMAGE[damage](r, whole, delimiter, end)
        else:
            octets = spoilt_octets(r, whole.encode(python), damage)
            try:
                text = octets.decode(python)
            except UnicodeDecodeError:
                text = None
    if octets is None:
        octets = text.encode(python, "replace")
        text = octets.decode(python)
    if encoding in ("utf-8", "utf-16-le", "utf-16-be") and text:
        # A mark that comes to stand at the start says the encoding, and is no text; Python strips it under other names.
        text = text.removeprefix("\ufeff")
    found, starts, is_whole, refused_on = read(text, delimiter) if text is not None else ([], [], False, None)
    if text is not None:
        first, last = spoilt_lines(whole, text)
    else:
        # Where octets are no text, the lines are those of what stands before them, and is as it was.
        before = octets[:alike(whole.encode(python), octets)].decode(python, "ignore")
        first = last = line_of(before, len(before))
    before = read(whole, delimiter)[1] if text is None else starts
    return {"damage": damage, "hex": octets.hex(), "delimiter": delimiter, "encoding": encoding,
            "rows": rows if not is_spoilt else found, "starts": starts, "is_whole": is_whole,
            "refused_on": refused_on, "quotes": having(text or "", '"'), "nuls": having(text or "", "\0"),
            "spoilt": [max([start for start in before if start <= first], default=1), last]}


seed, count, is_spoilt = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "spoilt"
csv.field_size_limit(1 << 30)
json.dump([one(random.Random(seed * 1_000_003 + i), is_spoilt) for i in range(count)], sys.stdout)
