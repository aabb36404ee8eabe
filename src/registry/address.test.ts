import { describe, expect, it } from 'vitest'
import { isPrivateAddress, isPrivateHost } from './address.ts'

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    'not an address',
  ])('%s is not of the public internet', (address) => {
    expect(isPrivateAddress(address)).toBe(true)
  })

  it.each(['1.1.1.1', '172.15.0.1', '172.32.0.1', '192.169.0.1', '100.63.0.1', '2606:4700::1', '::ffff:1.1.1.1'])(
    '%s is public',
    (address) => {
      expect(isPrivateAddress(address)).toBe(false)
    },
  )

  it('judges hosts of URLs, in brackets or not', () => {
    expect(isPrivateHost('[::1]')).toBe(true)
    expect(isPrivateHost('LocalHost')).toBe(true)
    expect(isPrivateHost('localhost.')).toBe(true)
    expect(isPrivateHost('127.0.0.1.')).toBe(true)
    expect(isPrivateHost('a.localhost')).toBe(true)
    expect(isPrivateHost('localhost.example')).toBe(false)
    expect(isPrivateHost('8.8.8.8')).toBe(false)
  })

  it('sees through the spellings that URL accepts for an address', () => {
    for (const host of ['0x7f.1', '2130706433', '127.1', '0177.0.0.1'])
      expect(isPrivateHost(new URL(`http://${host}/`).hostname)).toBe(true)
  })
})
