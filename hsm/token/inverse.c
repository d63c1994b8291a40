#include "hsm/token/inverse.h"

#include <stdint.h>
#include <string.h>

/* Numbers of both signs below 2^310: the sum of limb[i] * 2^(62 i), the highest limb carrying the sign, the others from 0 to 2^62 - 1. */
enum { LIMBS = 5, BITS = 62, BYTES = 32 };
#define LOW ((int64_t)(UINT64_MAX >> 2))

struct number {
	int64_t limb[LIMBS];
};

/* BITS division steps at once: (f, g) becomes (u f + v g, q f + r g) / 2^BITS. */
struct steps {
	int64_t u, v, q, r;
};

__extension__ typedef __int128 wide;

static bool
number_read(struct number *out, const BIGNUM *n)
{
	uint8_t bytes[BYTES];
	uint64_t words[BYTES / 8] = {0};

	if (BN_is_negative(n) || BN_bn2lebinpad(n, bytes, BYTES) != BYTES)
		return false;
	for (int i = 0; i < BYTES; i++)
		words[i / 8] |= (uint64_t)bytes[i] << 8 * (i % 8);
	*out = (struct number){
		{(int64_t)(words[0] & (uint64_t)LOW), (int64_t)((words[0] >> 62 | words[1] << 2) & (uint64_t)LOW),
			(int64_t)((words[1] >> 60 | words[2] << 4) & (uint64_t)LOW),
			(int64_t)((words[2] >> 58 | words[3] << 6) & (uint64_t)LOW), (int64_t)(words[3] >> 56)}};
	return true;
}

/* Of one from 0 to 2^256 - 1. */
static bool
number_write(const struct number *n, BIGNUM *out)
{
	const uint64_t l[LIMBS] = {(uint64_t)n->limb[0], (uint64_t)n->limb[1], (uint64_t)n->limb[2],
		(uint64_t)n->limb[3], (uint64_t)n->limb[4]};
	const uint64_t words[] = {l[0] | l[1] << 62, l[1] >> 2 | l[2] << 60, l[2] >> 4 | l[3] << 58,
		l[3] >> 6 | l[4] << 56};
	uint8_t bytes[BYTES];

	for (int i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(words[i / 8] >> 8 * (i % 8));
	return BN_lebin2bn(bytes, BYTES, out) != NULL;
}

/* a b + c d + carry, of which the lower BITS are returned and the rest carried on. */
static int64_t
carried(wide *carry, int64_t a, int64_t b, int64_t c, int64_t d)
{
	int64_t low;

	*carry += (wide)a * b + (wide)c * d;
	low = (int64_t)*carry & LOW;
	*carry >>= BITS;
	return low;
}

/* n += k m, for k of -1 or 1. */
static void
number_add(struct number *n, const struct number *m, int64_t k)
{
	wide carry = 0;

	for (int i = 0; i < LIMBS - 1; i++)
		n->limb[i] = carried(&carry, n->limb[i], 1, m->limb[i], k);
	n->limb[LIMBS - 1] += (int64_t)carry + k * m->limb[LIMBS - 1];
}

static void
number_negate(struct number *n)
{
	const struct number was = *n;

	*n = (struct number){{0}};
	number_add(n, &was, -1);
}

/* small: -1, 0 or 1. */
static bool
number_is(const struct number *n, int64_t small)
{
	const int64_t above = small < 0 ? LOW : 0;

	return n->limb[0] == (small & LOW) && n->limb[1] == above && n->limb[2] == above && n->limb[3] == above &&
		n->limb[LIMBS - 1] == (small < 0 ? -1 : 0);
}

/* Division steps by the lowest bits of f (odd) and g. As long as g is even it is halved; else, once f is the larger one by delta, they change places;
 * and up to six bits of g are cleared by adding a multiple of f. */
static int64_t
steps_make(int64_t delta, uint64_t f, uint64_t g, struct steps *out)
{
	uint64_t u = 1, v = 0, q = 0, r = 1;
	int left = BITS;

	for (;;) {
		/* The bit above those that are left ends it. */
		const int zeros = __builtin_ctzll(g | UINT64_MAX << left);
		uint64_t k;
		int clear;

		g >>= zeros;
		u <<= zeros;
		v <<= zeros;
		delta += zeros;
		left -= zeros;
		if (left == 0)
			break;
		if (delta > 0) {
			const uint64_t f_was = f, u_was = u, v_was = v;

			delta = 1 - delta;
			f = g;
			u = q;
			v = r;
			g = -f_was;
			q = -u_was;
			r = -v_was;
			/* This was the step's exchange; its sum and its halving are the first of those below. */
			delta -= 1;
		}
		/* 1 / f modulo 64 is f (2 - f f), because f f is 1 modulo 8. */
		clear = left < 6 ? left : 6;
		if (clear > 1 - delta)
			clear = (int)(1 - delta);
		k = -g * (f * (2 - f * f)) & ((1ULL << clear) - 1);
		g += k * f;
		q += k * u;
		r += k * v;
	}
	*out = (struct steps){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
	return delta;
}

/* (f, g) = (u f + v g, q f + r g) / 2^BITS, which is without a rest. */
static void
steps_take(const struct steps *s, struct number *f, struct number *g)
{
	wide cf = 0, cg = 0;

	for (int i = 0; i < LIMBS; i++) {
		const int64_t fi = f->limb[i], gi = g->limb[i];
		const int64_t lf = carried(&cf, s->u, fi, s->v, gi), lg = carried(&cg, s->q, fi, s->r, gi);

		if (i > 0) {
			f->limb[i - 1] = lf;
			g->limb[i - 1] = lg;
		}
	}
	f->limb[LIMBS - 1] = (int64_t)cf;
	g->limb[LIMBS - 1] = (int64_t)cg;
}

/* One row of the same modulo m: d = (a d + b e) / 2^BITS, with the multiple of m added that leaves no rest. From -2m to m, it stays there. */
static struct number
row_take(int64_t a, int64_t b, const struct number *d, const struct number *e, const struct number *m,
	uint64_t m_inverse)
{
	struct number out;
	int64_t k = (d->limb[LIMBS - 1] < 0 ? a : 0) + (e->limb[LIMBS - 1] < 0 ? b : 0);
	uint64_t low = (uint64_t)a * (uint64_t)d->limb[0] + (uint64_t)b * (uint64_t)e->limb[0];
	wide carry = 0;

	/* k m makes both numbers, in effect, not negative; what is missing to a multiple of 2^BITS is taken away. */
	k -= (int64_t)((m_inverse * low + (uint64_t)k) & (uint64_t)LOW);
	for (int i = 0; i < LIMBS; i++) {
		int64_t limb;

		carry += (wide)k * m->limb[i];
		limb = carried(&carry, a, d->limb[i], b, e->limb[i]);
		if (i > 0)
			out.limb[i - 1] = limb;
	}
	out.limb[LIMBS - 1] = (int64_t)carry;
	return out;
}

/* 1 / m modulo 2^64, by Newton; m is odd. */
static uint64_t
word_inverse(uint64_t m)
{
	uint64_t x = m;

	for (int right = 3; right < 64; right *= 2)
		x *= 2 - m * x;
	return x;
}

bool
inverse_mod(BIGNUM *out, const BIGNUM *n, const BIGNUM *m)
{
	struct number modulus, f, g, d = {{0}}, e = {{1}};
	int64_t delta = 1;
	uint64_t m_inverse;

	if (!BN_is_odd(m) || !number_read(&modulus, m) || !number_read(&g, n))
		return false;
	f = modulus;
	m_inverse = word_inverse((uint64_t)modulus.limb[0]);
	while (!number_is(&g, 0)) {
		struct number d_was = d;
		struct steps s;

		delta = steps_make(delta, (uint64_t)f.limb[0] | (uint64_t)f.limb[1] << BITS,
			(uint64_t)g.limb[0] | (uint64_t)g.limb[1] << BITS, &s);
		steps_take(&s, &f, &g);
		d = row_take(s.u, s.v, &d_was, &e, &modulus, m_inverse);
		e = row_take(s.q, s.r, &d_was, &e, &modulus, m_inverse);
	}
	/* f is the greatest common divisor or its opposite, and d n = f modulo m. */
	if (number_is(&f, -1))
		number_negate(&d);
	else if (!number_is(&f, 1))
		return false;
	while (d.limb[LIMBS - 1] < 0)
		number_add(&d, &modulus, 1);
	while (true) {
		struct number less = d;

		number_add(&less, &modulus, -1);
		if (less.limb[LIMBS - 1] < 0)
			return number_write(&d, out);
		d = less;
	}
}
