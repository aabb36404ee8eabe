import { expect, it } from 'vitest'
import { Fields } from './fields.ts'

const fields = new Fields('x.json', {
  count: 3,
  half: 0.5,
  text: 'a',
  none: null,
  list: [1, 2],
  items: [{ a: 1 }, 7],
  inner: { b: 2 },
  on: true,
})

it('has a value under the first key that has one', () => {
  expect(fields.count('none', 'missing', 'count')).toBe(3)
  expect(fields.number('half')).toBe(0.5)
  expect(fields.text('text')).toBe('a')
  expect(fields.flag('on')).toBe(true)
  expect(fields.numbers('list')).toEqual([1, 2])
  expect(fields.fields('inner')?.count('b')).toBe(2)
  expect(fields.count('none')).toBeUndefined()
  expect(fields.count('toString')).toBeUndefined()
})

it('names the file and the key of a value of another type', () => {
  expect(() => fields.count('half')).toThrow('x.json: half is 0.5, not a whole number')
  expect(() => new Fields('x.json', { n: -1 }).count('n')).toThrow('n is -1, not a whole number')
  expect(() => new Fields('x.json', { n: 2 ** 32 }).count('n')).toThrow('not a whole number')
  expect(() => fields.text('count')).toThrow('x.json: count is 3, not a text')
  expect(() => fields.flag('text')).toThrow('not true or false')
  expect(() => fields.numbers('items')).toThrow('not a list of numbers')
  expect(() => fields.fields('list')).toThrow('not an object')
  expect(() => fields.items('items')).toThrow('x.json: items[1] is not a JSON object')
  expect(() => fields.requireCount('missing', 'none')).toThrow('x.json has no missing nor none')
})

it('lays values over one another, and defaults under them', () => {
  const merged = fields.over(new Fields('y.json', { count: 4 })).withDefaults({ count: 9, none: 5, more: 6 })
  expect([merged.count('count'), merged.count('none'), merged.count('more')]).toEqual([4, 5, 6])
})
