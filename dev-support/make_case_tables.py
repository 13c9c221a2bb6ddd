# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes runtime/text/jinja/values/UnicodeTables.cpp: what Python's str methods know and libutf8proc does not."""

import pathlib
import unicodedata

OUT = pathlib.Path(__file__).parent.parent / "runtime/text/jinja/values/UnicodeTables.cpp"
CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
SIGMA, FINAL = "\u03a3", "\u03c2"


def ranges(holds):
    found = []
    for code in CODES:
        if not holds(code):
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def category(code):
    return unicodedata.category(chr(code))


def ends_word(text):
    return (text + SIGMA).lower()[-1] == FINAL


def ignorable(code):
    return ends_word("a" + chr(code)) and not ends_word(" " + chr(code))


def wrap(items):
    lines, line = [], " "
    for item in items:
        if len(line) + len(item) + 2 > 79:
            lines.append(line)
            line = " "
        line += f" {item},"
    return "\n".join([*lines, line])


def literal(text):
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def main():
    tables = {
        "lowerBeside": ranges(lambda c: chr(c).islower() and category(c) != "Ll"),
        "upperBeside": ranges(lambda c: chr(c).isupper() and category(c) != "Lu"),
        "digitBeside": ranges(lambda c: chr(c).isdigit() and category(c) != "Nd"),
        "numericBeside": ranges(lambda c: chr(c).isnumeric() and category(c)[0] != "N"),
        "ignorableBeside": ranges(lambda c: ignorable(c) and category(c) not in ("Mn", "Me", "Cf", "Lm", "Sk")),
    }
    text = (
        "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n//\n"
        f"// Made by dev-support/make_case_tables.py from Unicode {unicodedata.unidata_version}.\n"
        '#include "text/jinja/values/UnicodeTables.h"\n\nnamespace terrazzo::text::jinja {\n\n'
    )
    for name, found in tables.items():
        text += f"const CodeRange {name}[] = {{\n"
        text += wrap(f"{{0x{a:x}, 0x{b:x}}}" for a, b in found)
        text += f"\n}};\nconst size_t {name}Count = {len(found)};\n\n"
    for name, mapped in (("upperSpecial", str.upper), ("titleSpecial", str.title)):
        found = [(c, mapped(chr(c))) for c in CODES if len(mapped(chr(c))) > 1]
        text += f"const SpecialCase {name}[] = {{\n"
        text += wrap(f"{{0x{c:x}, {literal(s)}}}" for c, s in found)
        text += f"\n}};\nconst size_t {name}Count = {len(found)};\n\n"
    OUT.write_text(text + "} // namespace terrazzo::text::jinja\n")


main()
