use nas::kernels::*;
use std::time::Instant;
fn main(){
 for (rows,k,n) in [(1568usize,16usize,48usize),(1568,48,16),(196,144,16),(392,72,24),(49,216,32)] {
  let x=vec![0.5f32;rows*k]; let w=vec![0.25f32;k*n]; let g=vec![0.1f32;rows*n];
  let p=dense::Panels::pack(&w,k,n); let pt=dense::Panels::transposed(&w,n,k);
  let mut y=vec![0f32;rows*n]; let mut dx=vec![0f32;rows*k]; let mut dw=vec![0f32;k*n];
  let macs=(rows*k*n) as f64; let reps=(4e8/macs) as usize;
  for tap in [Tap::Product,Tap::Distance]{
   let mut r=vec![];
   let t=Instant::now(); for _ in 0..reps{dense::forward(tap,&x,&p,&mut y);} r.push(macs*reps as f64/t.elapsed().as_secs_f64()/1e9);
   let t=Instant::now(); for _ in 0..reps{dense::backward_input(tap,&g,&pt,&x,&mut dx);} r.push(macs*reps as f64/t.elapsed().as_secs_f64()/1e9);
   let t=Instant::now(); for _ in 0..reps{dense::backward_weights(tap,&x,&g,&w,n,&mut dw);} r.push(macs*reps as f64/t.elapsed().as_secs_f64()/1e9);
   println!("{rows}x{k}x{n} {tap:?} GMAC/s {r:.1?}");
  }
 }
 let win=Window{input:[14,14,48],output:[14,14,48],kernel:[3,3],stride:[1,1],padding:[1;4],depthwise:true};
 let n=64;
 let x=vec![0.5f32;win.input_len()*n];let w=vec![0.1f32;win.weights()];let g=vec![0f32;win.output_len()*n];
 for tap in [Tap::Product,Tap::Distance]{ let reps=20; let macs=win.macs() as f64*n as f64; let mut r=vec![];
   let t=Instant::now(); for _ in 0..reps{batch::forward(tap,&win,&x,&w);} r.push(macs*reps as f64/t.elapsed().as_secs_f64()/1e9);
   let t=Instant::now(); for _ in 0..reps{batch::backward_input(tap,&win,&x,&g,&w);} r.push(macs*reps as f64/t.elapsed().as_secs_f64()/1e9);
   let t=Instant::now(); for _ in 0..reps{batch::backward_weights(tap,&win,&x,&g,&w);} r.push(macs*reps as f64/t.elapsed().as_secs_f64()/1e9);
   println!("dw {tap:?} {r:.1?}");
 }
}
