// The right side of a grammar rule, as data. `nothing` (a choice without items) matches no text at all: it stands for a schema that no value
// fulfils, and it swallows every sequence that it is a part of.

export type CodePointRange = readonly [from: number, to: number]

export type Expression =
  | { kind: 'text'; text: string }
  | { kind: 'set'; ranges: readonly CodePointRange[] }
  | { kind: 'sequence'; items: readonly Expression[] }
  | { kind: 'choice'; items: readonly Expression[] }
  | { kind: 'repeat'; item: Expression; min: number; max: number | undefined }
  | { kind: 'rule'; name: string }

export const nothing: Expression = { kind: 'choice', items: [] }

export function isNothing(expression: Expression): boolean {
  return expression.kind === 'choice' && expression.items.length === 0
}

export function text(value: string): Expression {
  return { kind: 'text', text: value }
}

/** `set('az', '09', '_')`: pairs are ranges, single characters stand for themselves. */
export function set(...parts: readonly string[]): Expression {
  return { kind: 'set', ranges: parts.map((part) => [part.codePointAt(0) ?? 0, (part[1] ?? part).codePointAt(0) ?? 0]) }
}

/** Strings are texts. */
export function sequence(...parts: readonly (Expression | string)[]): Expression {
  const items = parts.map((part) => (typeof part === 'string' ? text(part) : part)).filter((item) => !isEmpty(item))
  if (items.some(isNothing)) return nothing
  const flat = items.flatMap((item) => (item.kind === 'sequence' ? item.items : [item]))
  return flat.length === 1 && flat[0] ? flat[0] : { kind: 'sequence', items: joinTexts(flat) }
}

export function choice(...parts: readonly (Expression | string)[]): Expression {
  const items = parts.map((part) => (typeof part === 'string' ? text(part) : part)).filter((item) => !isNothing(item))
  const flat = items.flatMap((item) => (item.kind === 'choice' ? item.items : [item]))
  return flat.length === 1 && flat[0] ? flat[0] : { kind: 'choice', items: flat }
}

export function repeat(item: Expression, min: number, max: number | undefined): Expression {
  if (max !== undefined && max < min) return nothing
  if (isNothing(item)) return min === 0 ? text('') : nothing
  if (max === 0 || isEmpty(item)) return text('')
  return min === 1 && max === 1 ? item : { kind: 'repeat', item, min, max }
}

export function optional(...parts: readonly (Expression | string)[]): Expression {
  return repeat(sequence(...parts), 0, 1)
}

export function isEmpty(expression: Expression): boolean {
  return (expression.kind === 'text' && expression.text === '') || (expression.kind === 'sequence' && expression.items.length === 0)
}

function joinTexts(items: readonly Expression[]): Expression[] {
  const joined: Expression[] = []
  for (const item of items) {
    const last = joined.at(-1)
    if (item.kind === 'text' && last?.kind === 'text') joined[joined.length - 1] = text(last.text + item.text)
    else joined.push(item)
  }
  return joined
}

export function subtractRanges(ranges: readonly CodePointRange[], others: readonly CodePointRange[]): CodePointRange[] {
  let rest = [...ranges]
  for (const [from, to] of others) {
    rest = rest.flatMap(([start, end]): CodePointRange[] => {
      if (to < start || from > end) return [[start, end]]
      return [...(start < from ? [[start, from - 1] as const] : []), ...(end > to ? [[to + 1, end] as const] : [])]
    })
  }
  return rest
}
