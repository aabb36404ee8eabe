import { expect, it } from 'vitest'
import { checkOpenings } from './openings.ts'

const check = (text: string, limit: number) => () => checkOpenings(new TextEncoder().encode(text), limit, 'file.json')

it('counts objects and lists up to the limit', () => {
  expect(check('', 0)).not.toThrow()
  expect(check('[{"a":[1]},{}]', 4)).not.toThrow()
  expect(check('[{"a":[1]},{}]', 3)).toThrow('file.json: more than 3 objects and lists')
  expect(check('[]', 0)).toThrow('file.json')
  expect(check('"["', 1)).not.toThrow()
})
