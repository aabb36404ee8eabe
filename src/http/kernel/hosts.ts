// The Host check against DNS rebinding (contract/native.md section 1.2): a server that listens on loopback alone answers only under
// names and addresses that are local. Otherwise a web page could let its own name point here and read answers as its own.

import { BlockList, isIP } from 'node:net'
import os from 'node:os'

/** What this machine is called and where it is reached; a test brings its own. */
export interface LocalMachine {
  hostname(): string
  addresses(): readonly string[]
}

export const thisMachine: LocalMachine = {
  hostname: () => os.hostname(),
  addresses: () => Object.values(os.networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
}

const LOCAL_SUFFIXES = ['.localhost', '.local', '.internal']

export type HostVerdict = 'name' | 'address' | 'refused'

/** `name` and `address` pass. */
export function checkHost(header: string | undefined, machine: LocalMachine = thisMachine): HostVerdict {
  const host = stripPort(header ?? '')
  if (isIP(host) !== 0) return isLoopbackAddress(host) || isPrivate(host) || machine.addresses().includes(host) ? 'address' : 'refused'
  const name = host.toLowerCase()
  const isLocal =
    name === '' ||
    name === 'localhost' ||
    name === machine.hostname().toLowerCase() ||
    LOCAL_SUFFIXES.some((suffix) => name.endsWith(suffix))
  return isLocal ? 'name' : 'refused'
}

/** Whether it could be a host at all, as Go sees it: `evil.example#.local` would pass for a local name. */
export function isHostHeader(header: string | undefined): boolean {
  return header === undefined || /^[\w!$%&'()*+,.:;=[\]~-]*$/.test(header)
}

export function isLoopbackAddress(address: string): boolean {
  return isIn(loopback, address)
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

const nearby = new BlockList()
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  nearby.addSubnet(network, bits, 'ipv4')
nearby.addSubnet('fc00::', 7, 'ipv6')
nearby.addAddress('0.0.0.0', 'ipv4')
nearby.addAddress('::', 'ipv6')

function isPrivate(address: string): boolean {
  return isIn(nearby, address)
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address.split('%', 1)[0] ?? '', isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** As Go splits it: without a port, brackets stay, so that a bare `[::1]` is no address. */
function stripPort(header: string): string {
  const bracketed = /^\[([^\]]*)\]:[^:]*$/.exec(header)
  if (bracketed) return bracketed[1] ?? ''
  const colon = header.indexOf(':')
  return colon >= 0 && colon === header.lastIndexOf(':') ? header.slice(0, colon) : header
}
