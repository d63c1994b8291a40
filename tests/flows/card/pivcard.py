#!/usr/bin/python3
"""A small PIV card (NIST SP 800-73-4) on the socket of vsmartcard's virtual reader, for test_piv.sh: keys 9A and 9C on P-256, PIN and PUK with three tries each.

pivcard.py PORT PIN PUK 9A.key 9A.der 9C.key 9C.der
"""
import socket
import struct
import sys
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

ATR = bytes.fromhex('3B9513810180' + '73FF01000B')
AID = bytes.fromhex('A000000308')
OK, NOT_FOUND, NOT_VERIFIED, BLOCKED, UNKNOWN = b'\x90\x00', b'\x6a\x82', b'\x69\x82', b'\x69\x83', b'\x6d\x00'
FASC_N = bytes.fromhex('d4e739da739ced39ce739d836858210842108421c84210c3eb')


def tlv(tag, value):
    n = len(value)
    length = bytes([n]) if n < 128 else b'\x81' + bytes([n]) if n < 256 else b'\x82' + struct.pack('>H', n)
    return tag + length + value


def certificate(path):
    with open(path, 'rb') as file:
        return tlv(b'\x53', tlv(b'\x70', file.read()) + b'\x71\x01\x00\xfe\x00')


def private_key(path):
    with open(path, 'rb') as file:
        return serialization.load_pem_private_key(file.read(), None)


class Card:
    def __init__(self, pin, puk, keys, objects):
        self.codes = {'pin': pin.encode().ljust(8, b'\xff'), 'puk': puk.encode().ljust(8, b'\xff')}
        self.tries = {'pin': 3, 'puk': 3}
        self.keys, self.objects = keys, objects
        self.reset()

    def reset(self):
        self.verified = self.just_verified = False
        self.chain = self.rest = b''

    def reply(self, data):
        self.rest = data[256:]
        return data[:256] + (b'\x61' + bytes([min(len(self.rest), 255)]) if self.rest else OK)

    # A wrong one costs a try; a right one gives them back.
    def compare(self, which, code):
        if self.tries[which] == 0:
            return BLOCKED
        if code == self.codes[which]:
            self.tries[which] = 3
            return OK
        self.tries[which] -= 1
        return bytes([0x63, 0xC0 | self.tries[which]]) if self.tries[which] else BLOCKED

    def verify(self, code):
        if not code:
            if self.verified:
                return OK
            return bytes([0x63, 0xC0 | self.tries['pin']]) if self.tries['pin'] else BLOCKED
        said = self.compare('pin', code)
        self.verified = self.just_verified = said == OK
        return said

    # CHANGE REFERENCE DATA (which's own old value) and RESET RETRY COUNTER (the PUK): eight bytes each, then the new value.
    def change(self, by, which, data):
        said = self.compare(by, data[:8])
        if said == OK:
            self.codes[which], self.tries[which] = data[8:], 3
        return said

    def sign(self, slot, data):
        if slot not in self.keys:
            return NOT_FOUND
        if not self.verified or (slot == 0x9C and not self.just_verified):
            return NOT_VERIFIED
        self.just_verified = False
        at = data.index(b'\x82\x00') + 2
        digest = data[at + 2:at + 2 + data[at + 1]]
        algorithm = {20: hashes.SHA1, 32: hashes.SHA256, 48: hashes.SHA384}[len(digest)]()
        return self.reply(tlv(b'\x7c', tlv(b'\x82', self.keys[slot].sign(digest, ec.ECDSA(utils.Prehashed(algorithm))))))

    def answer(self, apdu):
        cla, ins, p1, p2 = apdu[:4]
        data = apdu[5:5 + apdu[4]] if len(apdu) > 5 else b''
        if ins == 0xC0:
            return self.reply(self.rest)
        self.chain += data
        if cla & 0x10:
            return OK
        data, self.chain = self.chain, b''
        if ins == 0xA4:
            return self.reply(bytes.fromhex('61114F0600001000010079074F05A000000308')) if data.startswith(AID) else NOT_FOUND
        if ins == 0xCB:
            tag = data[2:2 + data[1]]
            return self.reply(self.objects[tag]) if tag in self.objects else NOT_FOUND
        if ins == 0x20 and p2 == 0x80:
            return self.verify(data)
        if ins == 0x24 and p2 in (0x80, 0x81):
            which = 'pin' if p2 == 0x80 else 'puk'
            return self.change(which, which, data)
        if ins == 0x2C and p2 == 0x80:
            return self.change('puk', 'pin', data)
        if ins == 0x87:
            return self.sign(p2, data)
        return UNKNOWN


def receive(reader, n):
    data = b''
    while len(data) < n:
        more = reader.recv(n - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


# pcscd opens its readers a moment after it says that it is there.
def connect(port):
    until = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(('127.0.0.1', port))
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def main():
    port, pin, puk, key_a, cert_a, key_c, cert_c = sys.argv[1:]
    objects = {
        bytes.fromhex('5FC105'): certificate(cert_a),
        bytes.fromhex('5FC10A'): certificate(cert_c),
        bytes.fromhex('5FC102'): tlv(b'\x53', tlv(b'\x30', FASC_N) + tlv(b'\x34', bytes(range(16))) + tlv(b'\x35', b'20401231') + b'\x3e\x00\xfe\x00'),
        bytes.fromhex('7E'): bytes.fromhex('7E124F0BA0000003080000100001005F2F024000'),
    }
    card = Card(pin, puk, {0x9A: private_key(key_a), 0x9C: private_key(key_c)}, objects)
    reader = connect(int(port))
    while True:
        message = receive(reader, struct.unpack('>H', receive(reader, 2))[0])
        if len(message) == 1 and message[0] != 4:
            card.reset()
            continue
        said = ATR if len(message) == 1 else card.answer(message)
        reader.sendall(struct.pack('>H', len(said)) + said)


main()
