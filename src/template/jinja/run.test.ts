import { describe, expect, test } from 'vitest'
import { AppError } from '../../base/errors.ts'
import { MAX_DEPTH, MAX_RANGE_ITEMS, MAX_STEPS } from './evaluate.ts'
import { MAX_NESTING } from './expression.ts'
import { MAX_ITEMS } from './methods.ts'
import { MAX_SOURCE_CHARACTERS, parseJinja } from './parse.ts'
import { renderJinja } from './run.ts'

const DATA = {
  a: 'Ab c',
  n: 3,
  half: 2.5,
  yes: true,
  none: null,
  list: ['x', 'y', 1],
  people: [
    { name: 'Bo', age: 2, role: 'user' },
    { name: 'Al', age: 1 },
  ],
  dict: { b: 1, a: [true, null], items: 'shadow' },
}

function run(source: string, data: Record<string, unknown> = DATA): string {
  try {
    return renderJinja(parseJinja(source), data, { functions: { shout: ([text]) => `${String(text)}!` } })
  } catch (error) {
    if (error instanceof AppError && error.code === 'template_error') return `ERROR ${error.message}`
    throw error
  }
}

// What Python's Jinja 3.1 prints with trim_blocks and lstrip_blocks, as chat templates expect.
describe('white space', () => {
  test.each([
    ['a\n  {% if yes %}\n  b\n  {% endif %}\nc', 'a\n  b\nc'],
    ['a {% if yes %} b {% endif %} c', 'a  b  c'],
    ['a \n {%- if yes -%} \n b \n {%- endif -%} \n c', 'abc'],
    ['a \n {{- n -}} \n b', 'a3b'],
    ['  {# gone #}\nb', 'b'],
    ['a {#- gone -#} b', 'ab'],
    ['a\n  {%+ if yes %}b{% endif %}', 'a\n  b'],
    ['{% if yes +%}\nb{% endif %}', '\nb'],
    ['a\n{{ n }}\nb\n', 'a\n3\nb'],
    ['{{ n }}\n\n', '3\n'],
    ['{% raw %}{{ n }}{% x %}{% endraw %}', '{{ n }}{% x %}'],
    ['{ {a} }', '{ {a} }'],
  ])('%j becomes %j', (source, expected) => {
    expect(run(source)).toBe(expected)
  })
})

describe('expressions', () => {
  test.each([
    ['{{ 1 + 2 * 3 ** 2 - -1 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 4 / 2 }} {{ 1.5 + 1.5 }}', '20 3 -4 1 2 2.0 3.0'],
    ['{{ "a" ~ 1 ~ none ~ yes }} {{ "a" + "b" }} {{ "ab" * 2 }} {{ [1] + [2] }}', 'a1NoneTrue ab abab [1, 2]'],
    [
      '{{ 1 < 2 < 3 }} {{ 1 == 1.0 }} {{ "a" in a }} {{ "b" in dict }} {{ 9 not in list }} {{ "a" in nope }}',
      'True True False True True False',
    ],
    ['{{ yes and n }} {{ none or "x" }} {{ not yes }} {{ not nope }}', '3 x False True'],
    ['{{ "a" if yes else "b" }}{{ "a" if none }}{{ ("x" if none else "y") + "z" }}', 'ayz'],
    ['{{ list }} {{ dict }} {{ none }} {{ nope }} {{ half }}', "['x', 'y', 1] {'b': 1, 'a': [True, None], 'items': 'shadow'} None  2.5"],
    [
      '{{ a[0] }}{{ a[-1] }}{{ a[1:3] }}{{ a[::-1] }} {{ list[1:] }}{{ list[:-1] }}{{ list[::2] }}{{ list[9] }}',
      "Acb c bA ['y', 1]['x', 'y']['x', 1]",
    ],
    ['{{ dict.b }}{{ dict["b"] }}{{ dict.items }}{{ dict.items() | length }}{{ people[0].name }}{{ nope.deep.er }}', '11shadow3Bo'],
    ['{{ {"k": 1, 2: "two"}[2] }}{{ (1, 2) | length }}{{ [] is sequence }}{{ {} }}', 'two2True{}'],
    [
      '{{ n is number and n is odd }} {{ n is divisibleby 3 }} {{ nope is not defined }} {{ none is none }} {{ a is string }} {{ dict is mapping }} {{ n is in [1, 3] }}',
      'True True True True True True True',
    ],
    ['{{ "%s is %d, %.1f" % ("a", 1, 2) }} {{ "x" "y" }} {{ \'q\\n\\u00e9\' }}', 'a is 1, 2.0 xy q\né'],
    ['{{ n|string + "!" }} {{ -n|abs }} {{ "a,b".split(",")|join("-")|upper }}', '3! 3 A-B'],
    ['{{ nope + "x" }}{{ "x" + none }}', 'xx'],
  ])('%s', (source, expected) => {
    expect(run(source)).toBe(expected)
  })

  test.each([
    ['{{ 1 + nope }}', '"+" has no meaning for integer and undefined'],
    ['{{ nope() }}', '"nope" is not a function'],
    ['{{ a.nope() }}', '"nope" is not a function'],
    ['{{ 1 / 0 }}', 'division by zero'],
    ['{{ 1 < "a" }}', 'integer and string have no order'],
    ['{{ a | nope }}', 'unknown filter "nope"'],
    ['{{ a is nope }}', 'unknown test "nope"'],
    ['{% for x in n %}{% endfor %}', 'integer is not iterable'],
    ['{% for a, b in list %}{% endfor %}', '1 values for 2 names'],
    ['{{ list.index(9) }}', 'not in the list'],
    ['{{ "a".split("") }}', 'split by an empty text'],
  ])('%s fails', (source, problem) => {
    expect(run(source)).toContain(problem)
  })
})

describe('statements', () => {
  test.each([
    ['{% for x in list %}{{ loop.index }}/{{ loop.length }}{{ x }}{{ "," if not loop.last }}{% endfor %}', '1/3x,2/3y,3/31'],
    ['{% for x in [] %}a{% else %}none{% endfor %}{% for x in nope %}a{% endfor %}', 'none'],
    ['{% for p in people if p.age > 1 %}{{ loop.index }}{{ p.name }}{% endfor %}', '1Bo'],
    [
      '{% for k, v in dict.items() %}{{ k }}={{ v }};{% endfor %}{% for k in dict %}{{ k }}{% endfor %}',
      'b=1;a=[True, None];items=shadow;baitems',
    ],
    ['{% for x in list %}{% if x == "y" %}{% continue %}{% endif %}{{ x }}{% endfor %}|{% for x in list %}{% break %}{% endfor %}', 'x1|'],
    ['{% for x in list %}{{ loop.previtem }}<{{ loop.nextitem }}{{ loop.cycle("a", "b") }} {% endfor %}', '<ya x<1b y<a '],
    ['{% set x = 1 %}{% for y in list %}{% set x = 2 %}{% endfor %}{{ x }}{% if yes %}{% set x = 3 %}{% endif %}{{ x }}', '13'],
    ['{% set ns = namespace(x=1) %}{% for y in list %}{% set ns.x = ns.x + 1 %}{% endfor %}{{ ns.x }}', '4'],
    [
      '{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t %}  in {{ n }} {% endset %}[{{ t | trim }}]{% set u | upper %}up{% endset %}{{ u }}',
      '12[in 3]UP',
    ],
    ['{% macro m(x, y="d") %}<{{ x }}{{ y }}>{% endmacro %}{{ m(1) }}{{ m(1, y=2) }}{{ m(*[5, 6]) }}', '<1d><12><56>'],
    ['{% macro m() %}({{ caller() }}){% endmacro %}{% call m() %}body{{ n }}{% endcall %}', '(body3)'],
    ['{% filter upper %}low{{ a }}{% endfilter %}{% generation %}g{% endgeneration %}', 'LOWAB Cg'],
    ['{% set l = [] %}{% do l.append(1) %}{% set _ = l.extend([2, 3]) %}{{ l }}{{ l.pop() }}{{ l }}', '[1, 2, 3]3[1, 2]'],
    ['{{ shout("a") }}{{ range(3) | list }}{{ range(5, 1, -2) | list }}', 'a![0, 1, 2][5, 3]'],
    ['{% if none %}1{% elif n == 3 %}2{% else %}3{% endif %}', '2'],
  ])('%s', (source, expected) => {
    expect(run(source)).toBe(expected)
  })

  test.each([
    ['{% if yes %}', 'elif or else or endif is missing'],
    ['a\n{{ n', 'line 2: unclosed tag'],
    ['{# a', 'unclosed comment'],
    ['{% nope %}', 'unknown statement "nope"'],
    ['{% endif %}', 'unknown statement "endif"'],
    ['{{ }}', 'unexpected "}}"'],
    ['{{ n n }}', 'unexpected "n"'],
    ['{{ "a }}', 'unexpected character "\\""'],
    ['{{ (1 }}', 'unclosed tag'],
    ['{{ a[1:2:3:4] }}', 'a slice has three parts at most'],
  ])('%s is refused', (source, problem) => {
    expect(run(source)).toContain(problem)
  })
})

describe('filters and methods', () => {
  test.each([
    ['{{ {"a": [1, "é<", none, true]} | tojson }}', '{"a": [1, "é<", null, true]}'],
    ['{{ {"b": 1, "a": [1.0, {}]} | tojson(indent=2) }}', '{\n  "b": 1,\n  "a": [\n    1.0,\n    {}\n  ]\n}'],
    ['{{ {"b": "é", "a": 2} | tojson(sort_keys=true, ensure_ascii=true, separators=(",", ":")) }}', '{"a":2,"b":"\\u00e9"}'],
    [
      `{{ '{"a": [1, "b"]}' | from_json | items | list }}{{ ({"a": 1} | from_json).a }}{{ 'no json' | from_json }}`,
      "[['a', [1, 'b']]]1no json",
    ],
    ['{{ people | map(attribute="name") | join(", ") }} {{ list | map("string") | map("upper") | list }}', "Bo, Al ['X', 'Y', '1']"],
    [
      '{{ people | selectattr("role", "defined") | list | length }}{{ people | rejectattr("role") | map(attribute="name") | first }}',
      '1Al',
    ],
    [
      '{{ people | selectattr("age", "equalto", 2) | map(attribute="name") | list }}{{ list | select("string") | list }}{{ [0, 1] | reject | list }}',
      "['Bo']['x', 'y'][0]",
    ],
    [
      '{{ people | sort(attribute="age") | map(attribute="name") | join }}{{ ["b", "A"] | sort | join }}{{ [1, 3, 2] | sort(reverse=true) }}',
      'AlBoAb[3, 2, 1]',
    ],
    [
      '{{ nope | default("d") }}{{ "" | default("d") }}{{ "" | d("e", true) }}{{ nope | trim }}{{ nope | list }}{{ nope | length }}',
      'de[]0',
    ],
    [
      '{{ " x " | trim }}|{{ "xax".strip("x") }}|{{ "a b  c".split() }}|{{ "a b c".split(" ", 1) }}|{{ "a-b-c".rsplit("-", 1) }}',
      "x|a|['a', 'b', 'c']|['a', 'b c']|['a-b', 'c']",
    ],
    [
      '{{ a.startswith("Ab") }}{{ a.endswith(("x", "c")) }}{{ a | replace("b", "$&") }}{{ "aaa".replace("a", "b", 2) }}{{ "ab".replace("", "-") }}{{ a.find("z") }}{{ "hello wOrld" | title }}{{ "aB" | capitalize }}',
      'TrueTrueA$& cbba-a-b--1Hello WorldAb',
    ],
    ['{{ "a\nb\n\nc" | indent(2) }}|{{ "a\nb" | indent(1, first=true) }}', 'a\n  b\n\n  c| a\n b'],
    [
      '{{ "3" | int + 1 }}{{ "x" | int(7) }}{{ 2.7 | int }}{{ "2.5" | float }}{{ 2.6 | round }}{{ 1.25 | round(1, "floor") }}',
      '4722.53.01.2',
    ],
    [
      '{{ [1, 2, 3] | sum }}{{ [3, 1] | min }}{{ [3, 1] | max }}{{ [1, 1, 2] | unique | list }}{{ [1, 2] | last }}{{ [1, 2] | reverse | list }}',
      '613[1, 2]2[2, 1]',
    ],
    [
      '{{ {"b": 1, "a": 2} | dictsort }}{{ dict.get("x") }}{{ dict.get("x", 1) }}{{ dict.keys() | list }}{{ {"a": 1} | items | list }}',
      "[['a', 2], ['b', 1]]None1['b', 'a', 'items'][['a', 1]]",
    ],
    ['{{ "<a>" | e }}{{ "a b" | urlencode }}{{ "%s-%s" | format(1, "x") }}{{ "{} {1} {k}".format(1, 2, k=3) }}', '&lt;a&gt;a%20b1-x1 2 3'],
    ['{{ true | string }}{{ dict.a | string }}{{ "🚀é" | length }}{{ "🚀é"[1] }}', 'True[True, None]2é'],
  ])('%s', (source, expected) => {
    expect(run(source)).toBe(expected)
  })
})

describe('bounds', () => {
  const nested = (depth: number): string => '{% if yes %}'.repeat(depth) + '{% endif %}'.repeat(depth)

  test('accepts the deepest nesting and refuses one more', () => {
    expect(run(nested(MAX_NESTING - 2))).toBe('')
    expect(run(nested(MAX_NESTING))).toContain(`nests deeper than ${MAX_NESTING} levels`)
    expect(run(`{{ ${'('.repeat(MAX_NESTING + 1)}1${')'.repeat(MAX_NESTING + 1)} }}`)).toContain('nests deeper')
    expect(run(`{{ ${'-'.repeat(5000)}1 }}`)).toContain('nests deeper')
    expect(run(`{{ ${'not '.repeat(5000)}1 }}`)).toContain('nests deeper')
  })

  test('refuses a source that is too long', () => {
    expect(run('x'.repeat(MAX_SOURCE_CHARACTERS))).toHaveLength(MAX_SOURCE_CHARACTERS)
    expect(run('x'.repeat(MAX_SOURCE_CHARACTERS + 1))).toContain('larger than 1 MiB')
  })

  test('stops a macro that calls itself for ever', () => {
    expect(run('{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}')).toContain(`nests deeper than ${MAX_DEPTH} levels`)
  })

  test('bears long chains of operators', () => {
    expect(run(`{{ ${'1 + '.repeat(5000)}1 }}`)).toContain('nests deeper')
  })

  test('stops loops in loops', () => {
    const loops = '{% for a in range(9999) %}'.repeat(3) + '{% endfor %}'.repeat(3)
    expect(run(loops)).toContain(`takes more than ${MAX_STEPS} steps`)
  })

  test('limits ranges', () => {
    expect(run(`{{ range(${MAX_RANGE_ITEMS}) | length }}`)).toBe(String(MAX_RANGE_ITEMS))
    expect(run(`{{ range(${MAX_RANGE_ITEMS + 1}) | length }}`)).toContain('range() of more than')
    expect(run('{{ range(0, 9, 0) }}')).toContain('a step that is not 0')
  })

  test('stops texts and lists that grow without end', () => {
    expect(run('{{ "x" * 999999999 }}')).toContain('repeated too often')
    expect(run('{% set ns = namespace(x="0123456789") %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}')).toContain(
      'characters of text',
    )
    expect(run('{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}')).toContain(
      `more than ${MAX_ITEMS} items`,
    )
    expect(run('{% set ns = namespace(x="aa") %}{% for i in range(64) %}{% set ns.x = ns.x | replace("a", "aa") %}{% endfor %}')).toContain(
      'too long a text',
    )
  })

  test('refuses data that nests deeper than it can hold', () => {
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level++) deep = [deep]
    expect(run('{{ deep }}', { deep })).toContain('nests deeper')
  })

  test('leaves the data it was given alone', () => {
    const data = { list: [1] }
    expect(run('{{ list.append(2) }}{{ list }}', data)).toBe('None[1, 2]')
    expect(data.list).toEqual([1])
  })

  test('reads no properties that objects inherit', () => {
    expect(run('{{ dict.constructor }}{{ a.__proto__ }}{{ list.length }}{{ constructor }}')).toBe('')
  })
})
