# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random templates and conversations. Most templates are sound; some are not, and then both engines must say so."""

TEXTS = ["", "a", "Hello", " two  words ", "straße", "ΑΣ ΟΔΟΣ", "élan VITAL", "ǆ ǅ", "ﬁn", "İi", "x,y,,z", "line\nbreak\r\nend\n",
         "tab\there", "日本語", "🙂 ok", "it's \"q\"", "<b>&amp;</b>", "12", "-7", "3.5", "1e3", "0x1f", "²½", "٣", "<|im_end|>",
         "a\u00a0b\u2028c", "\u200b", "%s {} %", "back\\slash", "UPPER lower", "aXbXc", "foo-bar (baz)", "\x1c\x85"]
ROLES = ["user", "assistant", "system", "tool"]
KEYS = ["role", "content", "name", "tool_calls", "items", "extra", "a", "b", "missing"]
NUMBERS = ["0", "1", "2", "3", "7", "-1", "-4", "10", "100", "2.5", "0.1", "-0.5", "1e3", "1e16", "1.0", "0x10", "1_000", "5e-5", "0b11"]
TEXT_METHODS = ["upper()", "lower()", "title()", "capitalize()", "swapcase()", "strip()", "lstrip()", "rstrip()", "split()", "rsplit()",
                "splitlines()", "splitlines(true)", "isalnum()", "isalpha()", "isdigit()", "isnumeric()", "isdecimal()", "isspace()",
                "islower()", "isupper()", "istitle()", "isascii()", "isprintable()", "casefold()", "expandtabs(4)", "zfill(6)"]
TEXT_METHODS_ONE = ["strip", "lstrip", "rstrip", "split", "rsplit", "startswith", "endswith", "find", "rfind", "count", "index", "partition",
                    "rpartition", "removeprefix", "removesuffix", "join", "format", "center", "ljust"]
PLAIN_FILTERS = ["upper", "lower", "title", "capitalize", "trim", "length", "string", "list", "first", "last", "reverse", "int", "float",
                 "abs", "round", "sum", "min", "max", "sort", "unique", "items", "tojson", "e", "safe", "wordcount", "count", "dictsort",
                 "filesizeformat", "join", "default", "d", "urlencode", "forceescape", "center"]
ARGUMENT_FILTERS = ["join(', ')", "default('d')", "default('d', true)", "replace('a', 'b')", "replace('', '-', 2)", "indent", "indent(2, true)",
                    "indent(1, blank=true)", "indent('> ')", "truncate(5)", "truncate(4, true, '…', 0)", "center(9)", "round(1)", "round(0, 'ceil')",
                    "round(2, method='floor')", "int(5)", "int(base=16)", "float(1.5)", "batch(2)|list", "batch(3, 'x')|list", "slice(2)|list",
                    "slice(3, 0)|list", "map('upper')|list", "map(attribute='role')|list", "map(attribute='name', default='?')|join('|')",
                    "select|list", "reject|list", "select('odd')|list", "select('string')|list", "selectattr('name')|list|length",
                    "selectattr('role', '==', 'user')|list|length", "rejectattr('role', 'equalto', 'user')|map(attribute='content')|list",
                    "selectattr('name', 'defined')|list|length", "groupby('role')|list|length", "groupby('role')|map(attribute='grouper')|join",
                    "sort(reverse=true)", "sort(attribute='role')|map(attribute='role')|join(',')", "sort(false, true)", "unique|list",
                    "unique(true)|list", "unique(attribute='role')|list|length", "min(attribute='role')", "sum(start=3)", "sum('x')",
                    "tojson(indent=2)", "tojson(ensure_ascii=true)", "tojson(sort_keys=true)", "tojson(separators=(',', ':'))",
                    "tojson(indent='\t')", "dictsort(true)", "dictsort(false, 'value')", "dictsort(reverse=true)", "attr('items')|string|length",
                    "format(1)", "format('x', 2)", "trim('a')", "map('length')|list", "map('default', 'z')|join", "list|tojson",
                    "reverse|list", "items|list", "first|upper", "string|length", "map('first')|list", "join('-', attribute='role')",
                    "d(none)", "length(1)", "nosuch", "select('nosuch')|list"]
SOUND_TEXT = ["upper", "lower", "title", "capitalize", "trim", "string", "replace('a', 'b')", "replace('', '-', 2)", "indent", "indent(2, true)",
              "truncate(5)", "truncate(9, true, '…', 0)", "center(9)", "default('d', true)", "urlencode", "reverse", "indent('> ', blank=true)", "tojson"]
SOUND_LIST = ["reverse|list", "unique|list", "map('string')|list", "select|list", "reject('none')|list", "batch(2)|list", "slice(2)|list",
              "map('upper')|map('trim')|list", "select('string')|list", "sort(case_sensitive=true)", "map('length')|list", "list"]
LISTS = ["messages|map(attribute='role')|list", "['b', 'A', 'a', 'ß']", "range(5)|list", "[3, 1, 2.5, -1]", "messages", "m.keys()|list", "messages[::-1]",
         "['x', 'x', 'Y']", "[1, none, 'q']", "('t', 2)", "m|items|map('first')|list", "messages|groupby('role')|map('first')|list",
         "messages|selectattr('role', 'in', ['user', 'tool'])|list", "{'b': 1, 'a': 2}|dictsort"]
TESTS = ["defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number", "integer", "float", "boolean", "true", "false",
         "callable", "odd", "even", "divisibleby 2", "divisibleby(3)", "lower", "upper", "escaped", "in [1, 'a', none]", "eq 1", "== 'a'",
         "equalto('user')", "ne 2", "gt 1", "lt 'b'", "ge(2)", "sameas true", "sameas none", "filter", "test", "not none", "not defined"]
LOOP = ["index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "depth0", "previtem", "nextitem", "cycle('o', 'e')",
        "cycle(1, 2, 3)", "changed(m)", "changed(loop.index // 2)", "nosuch"]
FORMATS = ["'%s'", "'%d'", "'%5.1f|'", "'%-6s|'", "'%05d'", "'%x'", "'%r'", "'%s %s'", "'%%'", "'%+d'", "'%(role)s'", "'%e'", "'%g'", "'%c'", "'%.2s'"]
BRACES = ["'{}'", "'{0} {0}'", "'{:>6}|'", "'{:^7}|'", "'{:05d}'", "'{:.2f}'", "'{!r}'", "'{a}'", "'{0[role]}'", "'{0.role}'", "'{:,}'", "'{:x}'",
          "'{:%}'", "'{{}}'", "'{:*<5}'", "'{} {}'", "'{:+}'", "'{:s}'", "'{:d}'", "'{:{}}'"]


class Generator:
    def __init__(self, random):
        self.random = random
        self.names = []
        self.macros = []
        self.loops = 0

    def pick(self, items):
        return items[self.random.randrange(len(items))]

    def chance(self, p):
        return self.random.random() < p

    # Expressions.

    def quoted(self):
        text = self.pick(TEXTS)
        mark = self.pick("'\"")
        text = text.replace("\\", "\\\\").replace(mark, "\\" + mark)
        if self.chance(0.5):
            text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        return mark + text + mark

    def name(self):
        known = ["messages", "bos_token", "eos_token", "unk_token", "add_generation_prompt", "tools", "nope"]
        known += self.names * 4 + ["m", "ns.x", "ns.n", "m.role", "m.content", "m['content']", "messages[0]", "messages[-1].content",
                                   "messages[0]['role']", "messages[1:]", "m.tool_calls", "m.items", "m['items']", "m.extra", "m.extra.a"]
        if self.loops:
            known += ["loop." + self.pick(LOOP)] * 3
        return self.pick(known)

    def atom(self, depth):
        r = self.random.random()
        if r < 0.33:
            return self.name()
        if r < 0.55:
            return self.quoted()
        if r < 0.7:
            return self.pick(NUMBERS)
        if r < 0.76:
            return self.pick(["true", "false", "none", "True", "None", "[]", "{}", "()", "''"])
        if depth <= 0:
            return self.quoted()
        if r < 0.86:
            inner = ", ".join(self.expression(depth - 1) for _ in range(self.random.randrange(4)))
            return self.pick([f"[{inner}]", f"({inner},)" if inner else "()", f"[{inner}]"])
        if r < 0.92:
            pairs = ", ".join(f"{self.pick([self.quoted(), self.pick(NUMBERS), 'true', 'none'])}: {self.expression(depth - 1)}"
                              for _ in range(self.random.randrange(4)))
            return "{" + pairs + "}"
        if r < 0.96:
            return self.pick(["range(4)", "range(1, 8, 3)", "range(3, 0, -1)", "range(%s)" % self.expression(depth - 1), "dict(a=1, b='x')",
                              "namespace(q=2).q", "joiner('; ')()", "dict([('k', 1)])", "strftime_now('%d %B %Y')"])
        if self.macros:
            return f"{self.pick(self.macros)}({self.arguments(depth - 1)})"
        return self.name()

    def arguments(self, depth):
        parts = [self.expression(depth) for _ in range(self.random.randrange(3))]
        if self.chance(0.3):
            parts.append(f"{self.pick(['x', 'y', 'z'])}={self.expression(depth)}")
        if self.chance(0.06):
            parts.append("*" + self.pick(["[1, 2]", "messages", "'ab'"]))
        if self.chance(0.06):
            parts.append("**" + self.pick(["{'y': 1}", "{'w': 2}", "dict(x=3)"]))
        return ", ".join(parts)

    # Those that are sound, by what they give.

    def text(self, depth):
        if depth <= 0:
            return self.pick([self.quoted(), self.quoted(), "m.role", "(m.content|string)", "bos_token"])
        r = self.random.random()
        if r < 0.25:
            return f"({self.text(depth - 1)})|{self.pick(SOUND_TEXT)}"
        if r < 0.45:
            return f"({self.text(depth - 1)}).{self.pick([x for x in TEXT_METHODS if 'split' not in x and 'is' not in x[:2]])}"
        if r < 0.55:
            return f"({self.text(depth - 1)})[{self.subscript(0) if self.chance(0.3) else '1:-1'}]|string"
        if r < 0.7:
            return f"({self.text(depth - 1)} ~ {self.any(depth - 1)})"
        if r < 0.8:
            return f"({self.sequence(depth - 1)})|join({self.quoted()})"
        if r < 0.87:
            return f"'%s-%r' % ({self.any(depth - 1)}, {self.any(depth - 1)})"
        if r < 0.93:
            return f"'{{:>6}}|{{!r}}|{{x}}'.format({self.text(depth - 1)}, {self.any(depth - 1)}, x={self.number(depth - 1)})"
        return f"({self.text(depth - 1)} if {self.truth(depth - 1)} else {self.text(depth - 1)})"

    def number(self, depth):
        if depth <= 0:
            return self.pick([n for n in NUMBERS if n not in ("1e16", "1e3")])
        r = self.random.random()
        if r < 0.4:
            return f"({self.number(depth - 1)} {self.pick('+-*')} {self.number(depth - 1)})"
        if r < 0.5:
            return f"({self.number(depth - 1)} {self.pick(['//', '%', '/'])} {self.pick(['2', '3', '-4', '0.5', '7'])})"
        if r < 0.7:
            return f"({self.text(depth - 1)})|{self.pick(['length', 'wordcount', 'int', 'float', 'int(7)'])}"
        if r < 0.85:
            return f"({self.sequence(depth - 1)})|length"
        return f"({self.number(depth - 1)})|{self.pick(['round', 'abs', 'round(1)', 'int', 'float', 'round(2, %sceil%s)' % (chr(39), chr(39))])}"

    def sequence(self, depth):
        if depth <= 0:
            return self.pick(LISTS)
        r = self.random.random()
        if r < 0.4:
            return f"({self.sequence(depth - 1)})|{self.pick(SOUND_LIST)}"
        if r < 0.55:
            return f"({self.sequence(depth - 1)})[{self.pick(['1:', ':-1', '::2', '::-1', '-2:', '0:99'])}]"
        if r < 0.75:
            return f"({self.text(depth - 1)}).{self.pick(['split()', 'splitlines()', 'rsplit(none, 1)', 'split(%sa%s)' % (chr(39), chr(39))])}"
        return "[" + ", ".join(self.any(depth - 1) for _ in range(self.random.randrange(4))) + "]"

    def truth(self, depth):
        r = self.random.random()
        if r < 0.3:
            test = self.pick([t for t in TESTS if t not in ("odd", "even", "divisibleby 2", "divisibleby(3)", "gt 1", "lt 'b'", "ge(2)", "callable")])
            return f"({self.any(depth - 1)}) is {test}"
        if r < 0.5:
            return f"{self.text(depth - 1)} {self.pick(['==', '<', 'in', 'not in', '>=', '!='])} {self.text(depth - 1)}"
        if r < 0.65:
            return f"{self.number(depth - 1)} {self.pick(['==', '<', '>', '<='])} {self.number(depth - 1)}"
        if r < 0.8:
            return f"({self.text(depth - 1)}).{self.pick([x for x in TEXT_METHODS if x.startswith('is')])}"
        return f"({self.any(depth - 1)} {self.pick(['and', 'or'])} not {self.any(depth - 1)})"

    def any(self, depth):
        kind = self.pick([self.text, self.text, self.number, self.sequence, self.truth])
        return kind(max(depth, 0))

    def expression(self, depth):
        if self.chance(0.85):
            r = self.random.random()
            if r < 0.25:
                return self.pick(["ns.x", "ns.n", "m", "m.role", "m.content", "messages[0].content", *self.names] if self.chance(0.9) else ["nope"])
            return self.any(depth)
        if depth <= 0:
            return self.atom(0)
        e = lambda: self.expression(depth - 1)
        r = self.random.random()
        if r < 0.26:
            return self.atom(depth)
        if r < 0.38:
            return f"{e()} {self.pick(['+', '-', '*', '/', '//', '%', '~', '~', '+', '+'])} {e()}"
        if r < 0.40:
            return f"{self.pick(['2', '3', '-2', '0.5', e()])} ** {self.pick(['2', '3', '0', '-1', '0.5'])}"
        if r < 0.46:
            return f"{e()} {self.pick(['==', '!=', '<', '<=', '>', '>=', 'in', 'not in'])} {e()}"
        if r < 0.48:
            return f"{self.pick(NUMBERS)} < {e()} <= {self.pick(NUMBERS)}"
        if r < 0.53:
            return f"{e()} {self.pick(['and', 'or'])} {e()}"
        if r < 0.56:
            return self.pick(["not ", "-", "+"]) + e()
        if r < 0.60:
            return f"({e()} if {e()} else {e()})" if self.chance(0.7) else f"({e()} if {e()})"
        if r < 0.68:
            return f"({e()})|{self.pick(PLAIN_FILTERS)}"
        if r < 0.78:
            return f"{self.pick([self.atom(depth), 'messages', 'm', 'm.content', self.quoted()])}|{self.pick(ARGUMENT_FILTERS)}"
        if r < 0.83:
            return f"({e()}) is {self.pick(TESTS)}"
        if r < 0.88:
            subject = self.pick([self.quoted(), "m.content", f"({e()})", "messages[0].content"])
            if self.chance(0.6):
                return f"{subject}.{self.pick(TEXT_METHODS)}"
            return f"{subject}.{self.pick(TEXT_METHODS_ONE)}({self.arguments(depth - 1) if self.chance(0.3) else self.quoted()})"
        if r < 0.92:
            return f"({e()})[{self.subscript(depth - 1)}]"
        if r < 0.94:
            return f"({e()}).{self.pick(KEYS + ['0', '1', 'upper', 'real', 'append(1)', 'keys()|list', 'values()|list', 'items()|list', 'get(1, 2)', 'copy()', '__class__', '_x', 'count(1)'])}"
        if r < 0.97:
            return f"{self.pick(FORMATS)} % {self.pick([e(), f'({e()}, {e()})', 'messages[0]'])}"
        return f"{self.pick(BRACES)}.format({self.pick([e(), f'{e()}, {e()}', 'messages[0]', 'a=1'])})"

    def subscript(self, depth):
        if self.chance(0.5):
            part = lambda: self.pick(["", "", "0", "1", "-1", "2", "-3", "none", "99", "true"])
            step = self.pick(["", "", ":", ":2", ":-1", ":-2"])
            return f"{part()}:{part()}{step}"
        return self.pick(["0", "-1", "1", "'role'", "'content'", "'upper'", self.expression(depth)])

    # Statements.

    def open(self):
        return "{%" + self.pick(["", "", "", "-", "+"]) + " "

    def close(self):
        return " " + self.pick(["", "", "", "-", "+"]) + "%}"

    def tag(self, text):
        return self.open() + text + self.close()

    def output(self, depth):
        return "{{" + self.pick(["", "", "", "-"]) + " " + self.expression(depth) + " " + self.pick(["", "", "", "-"]) + "}}"

    def data(self):
        return self.pick(["\n", "  ", "text", " \n ", "é", "<|im_start|>", "\n\n", "a\r\nb", "}", "# ", "\t", "{# note #}", "{#- n -#}", "x {# y #}\n",
                          "{% raw %}{{ r }}{% endraw %}", "{%- raw -%} r {% endraw -%}", ""])

    def fresh(self):
        name = self.pick(["u", "v", "w", "m", "messages", "bos_token", "é1"])
        return name

    def scoped(self, depth, function):
        names, loops = list(self.names), self.loops
        text = function()
        self.names, self.loops = names, loops
        return text

    def statement(self, depth):
        r = self.random.random()
        if depth <= 0 or r < 0.3:
            return self.output(min(depth, 3) if self.chance(0.8) else 1)
        if r < 0.42:
            name = self.fresh()
            text = self.tag(f"set {name} = {self.expression(2)}")
            self.names.append(name)
            return text
        if r < 0.46:
            return self.tag(f"set ns.{self.pick('xn')} = {self.expression(2)}")
        if r < 0.49:
            name = self.fresh()
            filters = self.pick(["", "", " | trim", " | upper | replace('A', 'b')"])
            text = self.tag(f"set {name}{filters}") + self.scoped(depth, lambda: self.block(depth - 1)) + self.tag("endset")
            self.names.append(name)
            return text
        if r < 0.6:
            text = self.tag(f"if {self.expression(2)}") + self.block(depth - 1)
            if self.chance(0.3):
                text += self.tag(f"elif {self.expression(1)}") + self.block(depth - 1)
            if self.chance(0.4):
                text += self.tag("else") + self.block(depth - 1)
            return text + self.tag("endif")
        if r < 0.78:
            return self.scoped(depth, lambda: self.loop(depth))
        if r < 0.84:
            return self.macro(depth)
        if r < 0.87 and self.macros:
            arguments = self.pick(["", "", "(p)", "(p, q=1)"])
            call = self.tag(f"call{arguments} {self.pick(self.macros)}({self.arguments(1)})")
            return call + self.scoped(depth, lambda: self.block(depth - 1)) + self.tag("endcall")
        if r < 0.9:
            filters = self.pick(["upper", "trim", "replace('a', 'b')|title", "indent(2)", "length", "e"])
            return self.tag(f"filter {filters}") + self.scoped(depth, lambda: self.block(depth - 1)) + self.tag("endfilter")
        if r < 0.94:
            name = self.fresh()
            text = self.tag(self.pick([f"with {name} = {self.expression(1)}", f"with {name} = 1, w = {name}", "with"]))
            return text + self.scoped(depth, lambda: self.block(depth - 1)) + self.tag("endwith")
        if r < 0.95:
            return self.tag("generation") + self.scoped(depth, lambda: self.block(depth - 1)) + self.tag("endgeneration")
        if r < 0.96:
            return self.tag(f"set u, v = {self.pick(['1, 2', 'messages', self.expression(1), '(v, u)'])}")
        if r < 0.97:
            return self.tag("print " + self.expression(1) + ", " + self.expression(1))
        if r < 0.98:
            return self.tag("block b%d%s" % (self.random.randrange(10**6), self.pick(["", " scoped"]))) + self.scoped(
                depth, lambda: self.block(depth - 1)) + self.tag("endblock")
        return self.tag(self.pick(["raise_exception('no')", "include 'x'", "set loop = 1", "do x", "else", "endif", "set x.y = 1", "set 1 = 2",
                                   "for x in", "if", "set x", "break", "set a.b"]))

    def loop(self, depth):
        target = self.pick(["m", "m", "m", "u", "k, v", "i"])
        source = self.pick(["messages", "messages", "messages[::-1]", "range(3)", "messages|reverse", "[1, 2, 3]", "'añb'", "m.items()",
                            "messages[0].items()", "messages|selectattr('role', '==', 'user')", "[[1, 2], [3, [4]]]", "[]", "nope",
                            "messages|map(attribute='content')", self.expression(1), "{'a': 1, 'b': 2}.items()", "{'a': 1}|items"])
        if target == "k, v":
            source = self.pick(["messages[0].items()", "{'a': 1, 'b': 2}.items()", "messages|groupby('role')", "{'z': 1, 'a': 2}|dictsort", source])
        condition = self.pick(["", "", "", "", f" if {target[0]}", " if loop.index", f" if {self.expression(1)}", " if ns.n < 2"])
        recursive = " recursive" if self.chance(0.08) else ""
        self.names += target.split(", ")
        self.loops += 1
        text = self.tag(f"for {target} in {source}{condition}{recursive}") + self.block(depth - 1)
        if recursive:
            text += "{% if " + target[0] + " is sequence and " + target[0] + " is not string %}{{ loop(" + target[0] + ") }}{% endif %}"
        if self.chance(0.15):
            text += self.tag("if " + self.pick(["loop.index == 2", "m.role == 'user'", "loop.last"])) + self.tag(
                self.pick(["break", "continue"])) + self.tag("endif") + self.data()
        if self.chance(0.2):
            text += self.tag("else") + self.block(depth - 1)
        return text + self.tag("endfor")

    def macro(self, depth):
        name = self.pick(["f", "g", "h"])
        parameters = self.pick(["", "x", "x, y=1", "x, y='d', z=x", "x=caller", "z=none, caller=none"])
        extra = self.pick(["", "", "{{ caller() }}", "{{ varargs }}{{ kwargs }}", "{{ caller('c') if caller }}", "{{ x }}", "{{ y|default('?') }}{{ z }}"])

        def inside():
            self.names, self.loops = ["x", "y", "z"], 0
            return self.block(depth - 1)

        text = self.tag(f"macro {name}({parameters})") + self.scoped(depth, inside) + extra + self.tag("endmacro")
        self.macros.append(name)
        return text

    def block(self, depth):
        count = 1 + self.random.randrange(3)
        return "".join(self.data() * self.chance(0.5) + self.statement(depth) for _ in range(count))

    def template(self):
        self.names, self.macros, self.loops = [], [], 0
        start = "{% set ns = namespace(x=1, n=0) %}{% set m = messages[0] %}"
        return start + self.block(self.random.randrange(1, 4)) + self.data() + self.statement(2) + self.data()

    # Conversations.

    def value(self, depth):
        r = self.random.random()
        if r < 0.4 or depth <= 0:
            return self.pick(TEXTS)
        if r < 0.65:
            return self.pick([0, 1, -3, 2.5, 1e20, 0.1, True, False, None, 12345678901234567890123, 3.0, -0.0, 1e-7])
        if r < 0.82:
            return [self.value(depth - 1) for _ in range(self.random.randrange(4))]
        return {self.pick(KEYS + TEXTS): self.value(depth - 1) for _ in range(self.random.randrange(4))}

    def message(self):
        message = {"role": self.pick(ROLES)}
        if self.chance(0.95):
            message["content"] = self.pick(TEXTS) if self.chance(0.8) else self.pick([None, [{"type": "text", "text": self.pick(TEXTS)}, {"type": "image"}]])
        if self.chance(0.3):
            message["name"] = self.pick(TEXTS)
        if self.chance(0.2):
            message["tool_calls"] = [{"type": "function", "function": {"name": "f", "arguments": self.value(2)}}]
        if self.chance(0.3):
            message[self.pick(["items", "extra", "a", "é"])] = self.value(2)
        return message

    def conversation(self):
        return [self.message() for _ in range(1 + self.random.randrange(4))]
