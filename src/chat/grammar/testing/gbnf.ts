// A small reader of llama.cpp's grammars, apart from the code that writes them: it says whether a grammar takes a text, and writes random texts
// that the grammar takes. It knows the traps of llama.cpp's own reader and refuses what that one would.

type Node =
  | { kind: 'text'; text: readonly string[] }
  | { kind: 'set'; ranges: readonly (readonly [number, number])[]; isNegated: boolean }
  | { kind: 'sequence'; items: readonly Node[] }
  | { kind: 'choice'; items: readonly Node[] }
  | { kind: 'repeat'; item: Node; min: number; max: number }
  | { kind: 'rule'; name: string }

/** As llama.cpp: a lower count above it is an error, an upper one is dropped in silence. */
const MAX_REPETITION = 2000

export class Gbnf {
  readonly #rules: ReadonlyMap<string, Node>
  readonly #leastLengths = new Map<string, number>()

  constructor(text: string) {
    this.#rules = new GbnfParser(text).parse()
    for (const node of this.#rules.values()) this.#checkNames(node)
    let changed = true
    while (changed) {
      changed = false
      for (const [name, node] of this.#rules) {
        const length = this.#leastLength(node)
        if (length >= (this.#leastLengths.get(name) ?? Number.POSITIVE_INFINITY)) continue
        this.#leastLengths.set(name, length)
        changed = true
      }
    }
  }

  accepts(text: string): boolean {
    const characters = [...text]
    return this.#match({ kind: 'rule', name: 'root' }, characters, new Set([0]), new Map()).has(characters.length)
  }

  /** A text of the grammar; near `budget` characters the shortest way to the end is taken. */
  sample(random: () => number, budget: number): string {
    let written = ''
    const write = (node: Node): void => {
      const isLong = written.length > budget
      switch (node.kind) {
        case 'text':
          written += node.text.join('')
          break
        case 'set':
          written += pickCharacter(node, random)
          break
        case 'rule':
          write(this.#rules.get(node.name) as Node)
          break
        case 'sequence':
          for (const item of node.items) write(item)
          break
        case 'choice': {
          const lengths = node.items.map((item) => this.#leastLength(item))
          const finite = node.items.filter((_, index) =>
            isLong ? lengths[index] === Math.min(...lengths) : Number.isFinite(lengths[index]),
          )
          write(finite[Math.floor(random() * finite.length)] as Node)
          break
        }
        case 'repeat': {
          const most =
            isLong || this.#leastLength(node.item) > 1000 ? node.min : Math.min(node.max, node.min + Math.floor(random() * random() * 12))
          // Sometimes to the very end, where off-by-one errors live.
          const isFull = !isLong && node.max <= 1000 && random() < 0.08
          for (let count = isFull ? node.max : most; count > 0; count--) write(node.item)
        }
      }
    }
    write({ kind: 'rule', name: 'root' })
    return written
  }

  #checkNames(node: Node): void {
    if (node.kind === 'rule' && !this.#rules.has(node.name)) throw new Error(`the rule ${node.name} is missing`)
    if (node.kind === 'repeat') this.#checkNames(node.item)
    if (node.kind === 'sequence' || node.kind === 'choice') for (const item of node.items) this.#checkNames(item)
  }

  #leastLength(node: Node): number {
    switch (node.kind) {
      case 'text':
        return node.text.length
      case 'set':
        return 1
      case 'rule':
        return this.#leastLengths.get(node.name) ?? Number.POSITIVE_INFINITY
      case 'sequence':
        return node.items.reduce((sum, item) => sum + this.#leastLength(item), 0)
      case 'choice':
        return Math.min(...node.items.map((item) => this.#leastLength(item)))
      case 'repeat':
        return node.min === 0 ? 0 : node.min * this.#leastLength(node.item)
    }
  }

  /** Where a match may end that begins at one of the starts. */
  #match(node: Node, text: readonly string[], starts: ReadonlySet<number>, memo: Map<string, Set<number>>): Set<number> {
    switch (node.kind) {
      case 'text':
        return mapEnds(starts, (start) =>
          node.text.every((character, index) => text[start + index] === character) ? [start + node.text.length] : [],
        )
      case 'set':
        return mapEnds(starts, (start) => (text[start] !== undefined && isInSet(node, text[start]) ? [start + 1] : []))
      case 'sequence':
        return node.items.reduce((ends: Set<number>, item) => this.#match(item, text, ends, memo), new Set(starts))
      case 'choice':
        return new Set(node.items.flatMap((item) => [...this.#match(item, text, starts, memo)]))
      case 'repeat':
        return this.#matchRepeat(node, text, starts, memo)
      case 'rule':
        return mapEnds(starts, (start) => {
          const key = `${start} ${node.name}`
          const known = memo.get(key)
          if (known) return known
          memo.set(key, new Set())
          const ends = this.#match(this.#rules.get(node.name) as Node, text, new Set([start]), memo)
          memo.set(key, ends)
          return ends
        })
    }
  }

  #matchRepeat(
    node: Node & { kind: 'repeat' },
    text: readonly string[],
    starts: ReadonlySet<number>,
    memo: Map<string, Set<number>>,
  ): Set<number> {
    const found = new Set<number>(node.min === 0 ? starts : [])
    let ends = new Set(starts)
    const seen = new Set<string>()
    for (let count = 1; count <= node.max && ends.size > 0; count++) {
      ends = this.#match(node.item, text, ends, memo)
      if (count >= node.min) for (const end of ends) found.add(end)
      const key = [...ends].join()
      if (count >= node.min && seen.has(key)) break
      seen.add(key)
    }
    return found
  }
}

function mapEnds(starts: ReadonlySet<number>, match: (start: number) => Iterable<number>): Set<number> {
  return new Set([...starts].flatMap((start) => [...match(start)]))
}

function isInSet(node: Node & { kind: 'set' }, character: string): boolean {
  const codePoint = character.codePointAt(0) ?? 0
  return node.ranges.some(([from, to]) => from <= codePoint && codePoint <= to) !== node.isNegated
}

function pickCharacter(node: Node & { kind: 'set' }, random: () => number): string {
  for (let tries = 0; tries < 200; tries++) {
    const range = node.isNegated ? ([0x20, 0x24f] as const) : node.ranges[Math.floor(random() * node.ranges.length)]
    const [from, to] = range ?? [0, 0]
    const reach = random() < 0.9 ? Math.min(to, from + 100) : to
    const character = String.fromCodePoint(from + Math.floor(random() * (reach - from + 1)))
    if (isInSet(node, character)) return character
  }
  throw new Error('a set has no characters')
}

class GbnfParser {
  readonly #text: string
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Map<string, Node> {
    const rules = new Map<string, Node>()
    while (this.#position < this.#text.length) {
      const name = this.#take(/[a-zA-Z0-9-]+/y)
      if (this.#take(/ *::= */y) === undefined || name === undefined) throw this.#error('a rule')
      if (rules.has(name)) throw new Error(`the rule ${name} is there twice`)
      rules.set(name, this.#readChoice())
      if (this.#take(/\n/y) === undefined) throw this.#error('the end of the line')
    }
    if (!rules.has('root')) throw new Error('there is no root')
    return rules
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position
    const found = pattern.exec(this.#text)?.[0]
    this.#position += found?.length ?? 0
    return found
  }

  #error(expected: string): Error {
    return new Error(`expected ${expected} at ${JSON.stringify(this.#text.slice(this.#position, this.#position + 60))}`)
  }

  #readChoice(): Node {
    const items = [this.#readSequence()]
    while (this.#take(/ *\| */y) !== undefined) items.push(this.#readSequence())
    return items.length === 1 ? (items[0] as Node) : { kind: 'choice', items }
  }

  #readSequence(): Node {
    const items: Node[] = []
    for (let atom = this.#readAtom(); atom; atom = this.#readAtom()) {
      items.push(this.#readCount(atom))
      this.#take(/ */y)
    }
    return { kind: 'sequence', items }
  }

  #readAtom(): Node | undefined {
    if (this.#take(/\(/y) !== undefined) {
      const node = this.#readChoice()
      if (this.#take(/ *\)/y) === undefined) throw this.#error(')')
      return node
    }
    const literal = this.#take(/"(?:[^"\\]|\\.)*"/sy)
    if (literal !== undefined)
      return { kind: 'text', text: toPoints(literal.slice(1, -1)).map((point) => String.fromCodePoint(point.value)) }
    const set = this.#take(/\[\^?(?:[^\]\\]|\\.)*\]/sy)
    if (set !== undefined) return readSet(set.slice(1, -1))
    const name = this.#take(/[a-zA-Z0-9-]+/y)
    return name === undefined ? undefined : { kind: 'rule', name }
  }

  #readCount(item: Node): Node {
    const mark = this.#take(/[*+?]|\{\d+(?:,\d*)?\}/y)
    if (mark === undefined) return item
    if (mark === '*') return { kind: 'repeat', item, min: 0, max: Number.POSITIVE_INFINITY }
    if (mark === '+') return { kind: 'repeat', item, min: 1, max: Number.POSITIVE_INFINITY }
    if (mark === '?') return { kind: 'repeat', item, min: 0, max: 1 }
    const [least, most] = mark.slice(1, -1).split(',')
    const min = Number(least)
    const max = most === undefined ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most)
    if (min > MAX_REPETITION || (Number.isFinite(max) && max > MAX_REPETITION)) throw new Error(`llama.cpp does not take the count ${mark}`)
    if (item.kind !== 'rule' && item.kind !== 'set' && item.kind !== 'text') throw new Error('a counted group multiplies in llama.cpp')
    return { kind: 'repeat', item, min, max }
  }
}

interface Point {
  value: number
  isEscaped: boolean
}

function toPoints(text: string): Point[] {
  const points: Point[] = []
  for (const [whole, hex, letter] of text.matchAll(/\\(?:x([0-9A-Fa-f]{2})|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|([trn\\"[\]-]))|[\s\S]/gu)) {
    const named = letter === undefined ? undefined : ({ t: 9, r: 13, n: 10 }[letter] ?? letter.codePointAt(0))
    if (whole === '\\') throw new Error(`llama.cpp does not know an escape in ${JSON.stringify(text)}`)
    const value = named ?? (whole.length > 2 && whole.startsWith('\\') ? Number.parseInt(hex ?? whole.slice(2), 16) : whole.codePointAt(0))
    points.push({ value: value ?? 0, isEscaped: whole.startsWith('\\') })
  }
  return points
}

function readSet(text: string): Node {
  const isNegated = text.startsWith('^')
  const points = toPoints(isNegated ? text.slice(1) : text)
  const ranges: [number, number][] = []
  for (let index = 0; index < points.length; index++) {
    const from = points[index]?.value ?? 0
    const dash = points[index + 1]
    const to = points[index + 2]
    if (dash && to && dash.value === 0x2d && !dash.isEscaped) {
      ranges.push([from, to.value])
      index += 2
    } else ranges.push([from, from])
  }
  return { kind: 'set', ranges, isNegated }
}
