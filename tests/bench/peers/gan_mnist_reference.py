# gan_mnist by Algorithm 1 with the initial ranges and schedules of EXPERIMENTS.md G1, in PyTorch: a reference run.
# usage: python gan_mnist_reference.py FACTOR_ON_D_LOSS STEPS TAG   (1.0 60000 alg1); prints Parzen log-likelihoods, writes grids
import torch, gzip, numpy as np, time, math, sys, json
torch.manual_seed(0); torch.set_num_threads(2)
import os
HERE=os.path.dirname(os.path.abspath(__file__)); P=os.path.join(HERE,'..','..','..','examples','data','mnist','')
rd=lambda f,h: torch.from_numpy(np.frombuffer(gzip.open(P+f).read(),np.uint8)[h:].copy())
X=rd('train-images-idx3-ubyte.gz',16).view(-1,784).float()/255; T=rd('t10k-images-idx3-ubyte.gz',16).view(-1,784).float()/255
tr,va=X[:50000],X[50000:]
U=lambda *s,a: torch.empty(*s).uniform_(-a,a).requires_grad_()
Z=lambda n: torch.zeros(n,requires_grad=True)
G=[U(100,1200,a=.05),Z(1200),U(1200,1200,a=.05),Z(1200),U(1200,784,a=.05),Z(784)]
D=[U(784,1200,a=.005),Z(1200),U(240,1200,a=.005),Z(1200),U(240,1,a=.005),Z(1)]
half=float(sys.argv[1]); steps=int(sys.argv[2]); tag=sys.argv[3]
def g(z): h=torch.relu(torch.addmm(G[1],z,G[0])); h=torch.relu(torch.addmm(G[3],h,G[2])); return torch.sigmoid(torch.addmm(G[5],h,G[4]))
def drop(x,keep): return x*torch.bernoulli(torch.full_like(x,keep))/keep
def d(x):
    h=torch.addmm(D[1],drop(x,.8),D[0]).view(-1,240,5).amax(2); h=torch.addmm(D[3],drop(h,.5),D[2]).view(-1,240,5).amax(2)
    return torch.addmm(D[5],drop(h,.5),D[4])
noise=lambda n: (torch.rand(n,100)*2-1)*math.sqrt(3)
V={id(p):torch.zeros_like(p) for p in G+D}
sp=torch.nn.functional.softplus
def upd(ps,gs,lr,mom):
    with torch.no_grad():
        for p,q in zip(ps,gs): v=V[id(p)]; v.mul_(mom).sub_(q,alpha=lr); p.add_(v)
def parzen(S,x,s):
    out=[]
    for b in x.split(500):
        d2=torch.cdist(b,S,compute_mode='use_mm_for_euclid_dist').pow(2); out.append(torch.logsumexp(-d2/(2*s*s),1)-math.log(len(S))-784*math.log(s*math.sqrt(2*math.pi)))
    return torch.cat(out)
def ll():
    with torch.no_grad():
        S=g(noise(10000)); best=max((parzen(S,va[:1000],s).mean().item(),s) for s in np.logspace(-1,0,10)[:6]); r=parzen(S,T,best[1]); return best[1],r.mean().item(),(r.std()/100).item(),S
t0=time.time(); perm=torch.randperm(50000); 
for t in range(steps):
    ep=t//500; mom=min(.5+.2*ep/249,.7); lr=max(.1/1.000004**t,1e-6)
    if t%500==0: perm=torch.randperm(50000)
    x=tr[perm[(t%500)*100:(t%500)*100+100]]
    with torch.no_grad(): f=g(noise(100))
    L=half*(sp(-d(x)).mean()+sp(d(f)).mean()); upd(D,torch.autograd.grad(L,D),lr,mom)
    Lg=sp(-d(g(noise(100)))).mean(); upd(G,torch.autograd.grad(Lg,G),lr,mom)
    if (t+1)%5000==0 or t+1 in (500,2500):
        s,m,e,S=ll(); print(json.dumps(dict(tag=tag,step=t+1,sec=round(time.time()-t0),LD=L.item(),LG=Lg.item(),sigma=round(s,4),ll=round(m,1),se=round(e,2))),flush=True)
        import struct,zlib
        im=(S[:64].view(8,8,28,28).permute(0,2,1,3).reshape(224,224)*255).byte().numpy()
        raw=b''.join(b'\0'+r.tobytes() for r in im); ch=lambda k,dt: struct.pack('>I',len(dt))+k+dt+struct.pack('>I',zlib.crc32(k+dt))
        open(f'{tag}-{t+1}.png','wb').write(b'\x89PNG\r\n\x1a\n'+ch(b'IHDR',struct.pack('>IIBBBBB',224,224,8,0,0,0,0))+ch(b'IDAT',zlib.compress(raw))+ch(b'IEND',b''))
