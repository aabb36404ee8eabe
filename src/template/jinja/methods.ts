// Methods of Python's list and dict. Those that change a list or dict change the template's own copy of the data, for one rendering.

import { argument, numberArgument, type Operation } from './call.ts'
import { jinjaError } from './error.ts'
import { isEqual, type JinjaMap, type JinjaValue, toItems } from './value.ts'

/** A list that grows in a loop must not fill the memory. */
export const MAX_ITEMS = 1_000_000

export const LIST_METHODS: Readonly<Record<string, Operation<JinjaValue[]>>> = {
  append: (list, { args: [item] }) => {
    checkRoom(list.length + 1)
    list.push(item)
    return null
  },
  extend: (list, { args: [items] }) => {
    const added = [...toItems(items)]
    checkRoom(list.length + added.length)
    for (const item of added) list.push(item)
    return null
  },
  insert: (list, call) => {
    checkRoom(list.length + 1)
    list.splice(numberArgument(call, 0, 'index', 0), 0, call.args[1])
    return null
  },
  pop: (list, call) => list.splice(numberArgument(call, 0, 'index', -1), 1)[0],
  remove: (list, { args: [item] }) => {
    const at = list.findIndex((other) => isEqual(other, item))
    if (at < 0) throw jinjaError('remove() of an item that is not in the list')
    list.splice(at, 1)
    return null
  },
  clear: (list) => {
    list.length = 0
    return null
  },
  reverse: (list) => {
    list.reverse()
    return null
  },
  index: (list, { args: [item] }) => {
    const at = list.findIndex((other) => isEqual(other, item))
    if (at < 0) throw jinjaError('index() of an item that is not in the list')
    return at
  },
  count: (list, { args: [item] }) => list.filter((other) => isEqual(other, item)).length,
  copy: (list) => [...list],
}

export const DICT_METHODS: Readonly<Record<string, Operation<JinjaMap>>> = {
  get: (map, call) => {
    const [key] = call.args
    return map.has(key) ? map.get(key) : (argument(call, 1, 'default') ?? null)
  },
  items: (map) => [...map].map((entry): JinjaValue[] => [...entry]),
  keys: (map) => [...map.keys()],
  values: (map) => [...map.values()],
  pop: (map, call) => {
    const [key] = call.args
    const value = map.has(key) ? map.get(key) : argument(call, 1, 'default')
    map.delete(key)
    return value
  },
  update: (map, { args: [others], named }) => {
    if (others instanceof Map) for (const [key, value] of others) map.set(key, value)
    for (const [key, value] of named) map.set(key, value)
    checkRoom(map.size)
    return null
  },
  setdefault: (map, { args: [key, value] }) => {
    if (!map.has(key)) map.set(key, value ?? null)
    return map.get(key)
  },
  copy: (map) => new Map(map),
}

export function checkRoom(items: number): void {
  if (items > MAX_ITEMS) throw jinjaError(`a list of more than ${MAX_ITEMS} items`)
}
