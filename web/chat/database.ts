// Talks in the browser's IndexedDB: whole ones, and their heads apart, so that a list needs to read no images. Both are written in one transaction.

import type { TalkShelf } from './shelf.ts'
import { type Talk, type TalkHead, toHead } from './talk.ts'

const NAME = 'llamero'
const VERSION = 1
const STORES = ['heads', 'talks'] as const

/** Rejects where the browser has no such storage for this page, as in some private windows. */
export async function openDatabaseShelf(factory: IDBFactory): Promise<TalkShelf> {
  const request = factory.open(NAME, VERSION)
  request.onupgradeneeded = () => {
    for (const store of STORES) request.result.createObjectStore(store, { keyPath: 'id' })
  }
  const database = await answered(request)
  const stores = (mode: IDBTransactionMode) => {
    const transaction = database.transaction(STORES, mode)
    return { transaction, heads: transaction.objectStore('heads'), talks: transaction.objectStore('talks') }
  }
  return {
    heads: () => answered<TalkHead[]>(stores('readonly').heads.getAll()),
    read: (id) => answered<Talk | undefined>(stores('readonly').talks.get(id)),
    write(talk) {
      const { transaction, heads, talks } = stores('readwrite')
      talks.put(talk)
      heads.put(toHead(talk))
      return done(transaction)
    },
    remove(ids) {
      const { transaction, heads, talks } = stores('readwrite')
      for (const id of ids) {
        talks.delete(id)
        heads.delete(id)
      }
      return done(transaction)
    },
  }
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
}
